"""The figures of losses, one function a figure."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from bench import records
from bench.analysis.correlation import FEWEST
from bench.analysis.results import RUN, Results, in_cell
from bench.report.style import INK, MUTED, colours, label, legend, outer_labels, panels, plain_log


def correlations(
    runs: pd.DataFrame, cells: pd.DataFrame, signal: str, palette: Mapping[str, str]
) -> Figure:
    """Draw Spearman's ρ by variant for one signal; a row a (dataset, architecture).

    Args:
        runs: Rows of :func:`bench.analysis.correlation.per_run`.
        cells: Rows of :func:`bench.analysis.correlation.per_cell`.
        signal: Which loss signal.
        palette: The study's colours by variant, in its order.
    """
    runs, cells = runs[runs["signal"] == signal], cells[cells["signal"] == signal]
    where = list(cells[["dataset", "architecture"]].drop_duplicates().itertuples(index=False))
    windows = list(dict.fromkeys(cells["window"]))
    order = [name for name in palette if name in set(cells["variant"])]
    widest = max((len(name) for name in order), default=8)
    figure, axes = panels(
        len(where) * len(windows), columns=len(windows), height=0.45 + 0.25 * len(order),
        left=0.25 + 0.075 * widest, gap=0.1,
    )  # fmt: skip
    for index, axis in enumerate(axes):
        (dataset, architecture), window = (
            where[index // len(windows)],
            windows[index % len(windows)],
        )
        here = {"dataset": dataset, "architecture": architecture, "window": window}
        mine, means = _select(runs, here), _select(cells, here)
        for reading, shift in ((records.REFRESHED, -0.17), (records.ONLINE, 0.17)):
            filled = reading == records.REFRESHED
            for place, name in enumerate(order):
                seeds = _select(mine, {"variant": name, "reading": reading})["spearman"]
                cell = _select(means, {"variant": name, "reading": reading})
                height = place + shift
                axis.plot(
                    seeds, [height] * len(seeds), "|", ms=5, mew=1, color=palette[name], alpha=0.6
                )
                if not len(cell) or np.isnan(cell["spearman"].iloc[0]):
                    continue
                low, high = cell["spearman_low"].iloc[0], cell["spearman_high"].iloc[0]
                if np.isfinite(low):
                    axis.plot([low, high], [height] * 2, color=palette[name], lw=1.3, alpha=0.9)
                axis.plot(
                    cell["spearman"], [height], "o", ms=5, color=palette[name], mew=1.2,
                    mfc=palette[name] if filled else "none",
                )  # fmt: skip
        axis.axvline(0, color=INK, lw=0.7)
        axis.set(xlim=(-1.04, 1.04), ylim=(len(order) - 0.4, -0.6), yticks=range(len(order)))
        axis.set_yticklabels(order)
        axis.tick_params(axis="y", length=0)
        axis.grid(axis="x", alpha=0.35)
        axis.set_title(f"{dataset} · {architecture}, {window} snapshots{_unavailable(means)}")
    outer_labels(axes, "Spearman’s ρ between signal and primary metric", "")
    legend(
        figure,
        {
            "refreshed critic, mean and 95 % interval": {"color": MUTED, "marker": "o", "lw": 1.3},
            "online critic": {"color": MUTED, "marker": "o", "mfc": "none", "lw": 1.3},
            "one seed": {"color": MUTED, "marker": "|", "lw": 0},
        },
    )
    return figure


def trajectories(results: Results, dataset: str, architecture: str) -> Figure:
    """Draw each variant's divergence estimate against quality, a line a seed in step order."""
    metric = results.primary[dataset]
    quality = in_cell(results.reported, dataset, architecture)
    quality = quality[quality["metric"] == metric][[*RUN, "step", "value"]]
    readings = in_cell(results.readings, dataset, architecture)
    readings = readings[readings["metric"] == "estimate"]
    pairs = readings.merge(
        quality.rename(columns={"value": "quality"}).drop_duplicates([*RUN, "step"]),
        on=[*RUN, "step"],
    ).sort_values("step")
    pairs = pairs[(pairs["quality"] > 0) & np.isfinite(pairs["quality"] + pairs["value"])]
    names = results.variants(dataset, architecture)
    palette = colours(results.manifest["variants"])
    figure, axes = panels(len(names), share=False, height=1.85)
    for axis, name in zip(axes, names, strict=True):
        mine = pairs[pairs["variant"] == name]
        for (reading, _), run in mine.groupby(["protocol", "seed"], sort=False):
            filled = reading == records.REFRESHED
            axis.plot(
                run["quality"], run["value"], "-o" if filled else "-", ms=2.5, mew=0,
                lw=0.9 if filled else 0.6, alpha=0.9 if filled else 0.45,
                color=palette[name] if filled else MUTED, zorder=2 + filled,
            )  # fmt: skip
            if filled:
                axis.plot(
                    run["quality"].iloc[-1], run["value"].iloc[-1], "o", ms=6,
                    mfc="none", mec=palette[name], mew=1.2, zorder=4,
                )  # fmt: skip
        if len(mine):
            axis.set_xscale("log")
            span = mine["value"]
            if span.min() > 0 and span.max() > 30 * span.min():
                axis.set_yscale("log")
        axis.set_title(name)
    plain_log(axes)
    outer_labels(axes, label(metric), "divergence estimate")
    legend(
        figure,
        {
            "refreshed critic": {"color": MUTED, "marker": "o", "ms": 3, "lw": 1.2},
            "online critic": {"color": MUTED, "lw": 0.6},
            "last snapshot": {"color": MUTED, "marker": "o", "mfc": "none", "lw": 0},
        },
    )
    return figure


def diagnostics(results: Results, dataset: str, architecture: str) -> Figure:
    """Draw losses, logits and gradient norms against steps: the median over seeds."""
    shown = (
        "loss_discriminator", "logit_real", "grad_norm_discriminator",
        "loss_generator", "logit_fake", "grad_norm_generator",
    )  # fmt: skip
    rows = in_cell(results.readings, dataset, architecture)
    rows = rows[(rows["protocol"] == records.ONLINE) & (rows["step"] > 0)]
    rows = rows[np.isfinite(rows["value"])]
    names = results.variants(dataset, architecture)
    palette = colours(results.manifest["variants"])
    medians = rows.groupby(["metric", "variant", "step"])["value"].median()
    figure, axes = panels(len(shown), columns=3, share=False, head=0.55, height=1.9)
    for axis, metric in zip(axes, shown, strict=True):
        known = set(zip(rows["metric"], rows["variant"], strict=True))
        for name in names:
            if (metric, name) in known:
                line = medians.loc[(metric, name)]
                axis.plot(line.index, line, color=palette[name], lw=1.1)
        values = medians.get(metric)
        if values is not None and len(values):
            axis.set_xscale("log")
            if metric.startswith("grad_norm") and values.min() > 0:
                axis.set_yscale("log")
            elif np.abs(values).max() > 10:
                axis.set_yscale("symlog", linthresh=1)
        axis.set_title(label(metric))
    plain_log(axes)
    outer_labels(axes, "generator steps", "")
    legend(figure, {name: {"color": palette[name], "lw": 2} for name in names}, columns=6)
    return figure


def _unavailable(cells: pd.DataFrame) -> str:
    """Name the readings that give no ρ at all because of too few snapshots."""
    lost = [
        str(reading)
        for reading, part in cells.groupby("reading", sort=False)
        if part["spearman"].isna().all() and part["snapshots"].max() < FEWEST
    ]
    return f" ({' and '.join(lost)}: too few)" if lost else ""


def _select(table: pd.DataFrame, values: dict[str, str]) -> pd.DataFrame:
    """Return the rows that have these values in these columns."""
    chosen = np.ones(len(table), bool)
    for column, value in values.items():
        chosen &= (table[column] == value).to_numpy(bool)
    return table[chosen]
