"""The figures of measured quality, one function a figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.analysis.results import RUN, Results, direction, in_cell
from bench.report.style import (
    CROSS,
    INK,
    MUTED,
    colours,
    label,
    legend,
    outer_labels,
    panels,
    plain_log,
)

#: Metrics between 0 and 1.
_SHARES = ("high_quality", "tv", "precision", "recall", "f_score", "coverage", "near_copies")


def learning_curves(results: Results, dataset: str, architecture: str) -> Figure:
    """Draw the primary metric against generator steps, one panel a variant, controls as lines."""
    metric = results.primary[dataset]
    rows = in_cell(results.reported.merge(results.runs[RUN], on=RUN), dataset, architecture)
    rows = rows[(rows["metric"] == metric) & (rows["step"] > 0)]
    rows = rows[rows["protocol"] == results.protocol(dataset, metric)]
    rows = rows[(rows["value"] > 0) & np.isfinite(rows["value"])]
    names = results.variants(dataset, architecture)
    palette = colours(results.manifest["variants"])
    seeds = results.runs.merge(pd.DataFrame({"dataset": [dataset], "architecture": [architecture]}))
    wide = {n: _wide(rows[rows["variant"] == n]) for n in names}
    count = seeds.groupby("variant")["seed"].nunique()
    # A mean over the seeds that are left would flatter a variant that lost some.
    means = {n: table.dropna(thresh=count.get(n, 1)).mean(axis=1) for n, table in wide.items()}
    floor, start = results.anchors(dataset, architecture, metric)
    figure, axes = panels(len(names))
    for axis, name in zip(axes, names, strict=True):
        for other in names:
            if other != name:
                axis.plot(means[other].index, means[other], color=MUTED, lw=0.6, alpha=0.45)
        for level, dash in ((floor, (4, 2)), (start, (1, 1.5))):
            if level > 0:
                axis.axhline(level, color=INK, lw=0.8, dashes=dash)
        for seed in wide[name]:
            run = wide[name][seed].dropna()
            axis.plot(run.index, run, color=palette[name], lw=0.7, alpha=0.6)
        axis.plot(means[name].index, means[name], color=palette[name], lw=2)
        _mark_divergence(axis, seeds[seeds["variant"] == name], wide[name], palette[name])
        axis.set_title(name)
    if len(rows):
        axes[0].set(xscale="log", yscale="log")
    plain_log(axes)
    outer_labels(axes, "generator steps", label(metric))
    legend(
        figure,
        {
            "mean over seeds": {"color": MUTED, "lw": 2},
            "one seed": {"color": MUTED, "lw": 0.7},
            "held-out real data": {"color": INK, "lw": 0.8, "dashes": (4, 2)},
            "untrained generator": {"color": INK, "lw": 0.8, "dashes": (1, 1.5)},
            "diverged": {**CROSS, "color": MUTED},
        },
    )
    return figure


def dots(
    runs: pd.DataFrame,
    cells: pd.DataFrame,
    columns: Sequence[tuple[str, str]],
    anchors: Mapping[str, float],
    order: Sequence[str],
    palette: Mapping[str, str],
) -> Figure:
    """Draw outcomes of one (dataset, architecture): seeds as dots, means with t intervals.

    Args:
        runs: Rows of :func:`bench.analysis.outcomes.outcomes`, one protocol a metric.
        cells: Rows of :func:`bench.analysis.outcomes.summary`, the same.
        columns: A panel each: metric, and ``last`` or ``best``.
        anchors: Value of held-out real data by metric.
        order: Variants from top to bottom.
        palette: The study's colours by variant.
    """
    widest = max((len(name) for name in order), default=8)
    figure, axes = panels(
        len(columns), columns=len(columns), height=0.5 + 0.24 * len(order), head=0.3, foot=0.3,
        left=0.25 + 0.075 * widest, share=False, gap=-0.25,
    )  # fmt: skip
    for index, (axis, (metric, column)) in enumerate(zip(axes, columns, strict=True)):
        for place, name in enumerate(order):
            mine = runs[(runs["variant"] == name) & (runs["metric"] == metric)]
            cell = cells[(cells["variant"] == name) & (cells["metric"] == metric)]
            if len(cell):
                _outcome(axis, place, mine, cell.iloc[0], column, palette[name])
        level = anchors.get(metric, np.nan)
        # Last and best of one metric share their axis.
        finite = runs.loc[(runs["metric"] == metric) & ~runs["diverged"], ["last", "best"]].stack()
        finite = finite[np.isfinite(finite)]
        if np.isfinite(level):
            axis.axvline(level, color=INK, lw=0.8, dashes=(4, 2))
        if direction(metric) == "lower" and len(finite) and finite.min() > 0:
            low = min(finite.min(), level) if level > 0 else finite.min()
            axis.set(xscale="log", xlim=(low / 1.25, finite.max() * 1.5))
            plain_log([axis])
        elif metric in _SHARES:
            axis.set_xlim(-0.03, 1.03)
        elif metric in ("modes", "modes_any") and np.isfinite(level):
            axis.set_xlim(-0.04 * level, 1.04 * level)
        axis.set(ylim=(len(order) - 0.4, -0.6), yticks=range(len(order)))
        axis.set_yticklabels(order if index == 0 else [])
        axis.tick_params(axis="y", length=0)
        axis.grid(axis="x", alpha=0.35)
        axis.set_title(f"{label(metric)}, {column} snapshot")
    legend(
        figure,
        {
            "mean and 95 % t interval": {"color": MUTED, "marker": "o", "lw": 1.6},
            "one seed": {"color": MUTED, "marker": "o", "ms": 3, "lw": 0},
            "held-out real data": {"color": INK, "lw": 0.8, "dashes": (4, 2)},
            "diverged": {**CROSS, "color": MUTED},
        },
    )
    return figure


def _outcome(
    axis: Axes, place: int, runs: pd.DataFrame, cell: pd.Series[Any], column: str, colour: str
) -> None:
    """Draw one cell's seeds, and its mean with the interval, or crosses for lost runs."""
    stands = runs.loc[~runs["diverged"], column].to_numpy(float)
    spread = place + 0.1 * (np.arange(len(stands)) - (len(stands) - 1) / 2)
    axis.plot(stands, spread, "o", ms=3, color=colour, alpha=0.55, mew=0)
    lost = int(cell["diverged"])
    if lost:
        edge = 1.0 if direction(cell["metric"]) == "lower" else 0.0
        heights = place + 0.2 * (np.arange(lost) - (lost - 1) / 2)
        scale = axis.get_yaxis_transform()
        axis.plot([edge] * lost, heights, color=colour, clip_on=False, transform=scale, **CROSS)
        return
    mean, half = cell[column], cell[f"{column}_half_width"]
    if np.isfinite(half):
        axis.plot([mean - half, mean + half], [place, place], color=colour, lw=1.6)
    if np.isfinite(mean):
        axis.plot(mean, place, "o", ms=6.5, color=colour, mec="none")


def _wide(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.pivot_table(index="step", columns="seed", values="value")


def _mark_divergence(axis: Axes, runs: pd.DataFrame, wide: pd.DataFrame, colour: str) -> None:
    for run in runs[runs["diverged_at"].notna()].itertuples():
        line = wide[run.seed].dropna() if run.seed in wide else pd.Series(dtype=float)
        if len(line):
            axis.plot(line.index[-1], line.iloc[-1], color=colour, zorder=5, **CROSS)
