"""The figure of published numbers: theirs and ours as pairs of dots, each with its interval."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.analysis.published.compare import DIFFERS
from bench.report.style import CROSS, INK, MUTED, label, legend, panels

#: How far a pair's two dots stand from the middle of their row.
_SHIFT = 0.16


def beside(table: pd.DataFrame, palette: Mapping[str, str]) -> Figure:
    """Draw pairs of dots, a panel a (dataset, metric) and a row a method and variant.

    Args:
        table: Rows of :func:`bench.analysis.published.compare.compare` with a result, of one
            source.
        palette: The study's colours by variant.
    """
    panel = ["dataset", "architecture", "metric"]
    wanted = list(table[panel].drop_duplicates().itertuples(index=False, name=None))
    metrics = table["metric"].nunique()
    order = list(table[["method", "variant"]].drop_duplicates().itertuples(index=False, name=None))
    names = [
        method if sum(m == method for m, _ in order) == 1 else f"{method}: {variant}"
        for method, variant in order
    ]
    widest = max(len(name) for name in names)
    columns = metrics if metrics > 1 else min(4, len(wanted))
    figure, axes = panels(
        len(wanted), columns=columns, height=0.6 + 0.3 * len(order), head=0.3, foot=0.3, right=0.2,
        left=0.25 + 0.075 * widest, share=False, gap=-0.2,
    )  # fmt: skip
    for index, (axis, where) in enumerate(zip(axes, wanted, strict=True)):
        for _, row in table[(table[panel] == list(where)).all(axis=1)].iterrows():
            _pair(axis, order.index((row["method"], row["variant"])), row, palette)
        axis.set(ylim=(len(order) - 0.4, -0.6), yticks=range(len(order)))
        axis.set_yticklabels(names if index % columns == 0 else [])
        axis.tick_params(axis="y", length=0)
        axis.grid(axis="x", alpha=0.35)
        axis.set_title(f"{where[0]}: {label(where[2])}")
    ours = {"color": MUTED, "marker": "o", "ms": 6, "lw": 1.6}
    theirs = {"color": INK, "marker": "D", "ms": 4.5, "lw": 0.9, "mfc": "none"}
    entries: dict[str, dict[str, Any]] = {"this study": ours, "published": theirs}
    if np.isinf(table["mean"]).any():
        entries["diverged"] = {**CROSS, "color": MUTED}
    if (table["verdict"] == DIFFERS).any():
        entries["≠ differs"] = {"lw": 0}
    legend(figure, entries)
    return figure


def _pair(axis: Axes, place: int, row: pd.Series[Any], palette: Mapping[str, str]) -> None:
    colour = palette.get(row["variant"], MUTED)
    for value, half, at, options in (
        (row["mean"], row["half_width"], place - _SHIFT, {"marker": "o", "ms": 6, "mec": "none"}),
        (
            row["published"],
            row["published_half_width"],
            place + _SHIFT,
            {"marker": "D", "ms": 4.5, "mfc": "none", "color": INK},
        ),
    ):
        style: dict[str, Any] = {"color": colour, **options}
        if np.isinf(value):
            axis.plot(
                1.0, at, clip_on=False, transform=axis.get_yaxis_transform(), color=colour, **CROSS
            )
            continue
        if half > 0:
            axis.plot([value - half, value + half], [at, at], color=style["color"], lw=1.4)
        axis.plot(value, at, lw=0, **style)
    if row["verdict"] == DIFFERS:
        axis.text(
            1.01, place, "≠", transform=axis.get_yaxis_transform(), ha="left", va="center", size=9
        )
