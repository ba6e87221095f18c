"""The figure of controls: where known samples stand between real data and the worst of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from bench import records
from bench.analysis.controls import RIGHT, WRONG
from bench.report.style import COLOURS, CROSS, INK, MUTED, label, legend, panels

#: Marker and colour: either alone tells them apart.
_MARKS = {
    records.DROPPED: ("s", COLOURS[1]),
    records.NOISY: ("^", COLOURS[2]),
    records.COPIED: ("D", COLOURS[3]),
    records.UNTRAINED: ("o", COLOURS[0]),
}
_OTHER = ("v", COLOURS[6])
#: Places up to this are on a linear axis; beyond the last they stand at the edge.
_LINEAR, _EDGE = 0.01, 3.0
_TICKS = (-1.0, -0.1, -0.01, 0.0, 0.01, 0.1, 1.0)


def places(table: pd.DataFrame, names: Mapping[str, str]) -> Figure:
    """Draw where controls stand, a row a metric, on an axis from real data (0) to worse (1).

    Args:
        table: Rows of :func:`bench.analysis.controls.controls` for one dataset.
        names: What controls are called.
    """
    table = table[table["metric"].map(_placed(table))]
    rows = list(table[["protocol", "metric"]].drop_duplicates().itertuples(index=False, name=None))
    several = table["protocol"].nunique() > 1 and len({m for _, m in rows}) < len(rows)
    ticks = [f"{label(m)} · {p}" if several else label(m) for p, m in rows]
    left = 0.3 + 0.075 * max((len(tick) for tick in ticks), default=8)
    figure, (axis,) = panels(
        1, height=0.4 + 0.25 * max(1, len(rows)), head=0.3, foot=0.5, left=left, share=False
    )
    for place, row in enumerate(rows):
        mine = table[(table["protocol"] == row[0]) & (table["metric"] == row[1])]
        _row(axis, place, mine)
    axis.axvline(0, color=INK, lw=0.8)
    reached = table[["place", "place_low", "place_high"]].to_numpy(float)
    negative = bool((reached < -_LINEAR).any())
    axis.set_xscale("symlog", linthresh=_LINEAR, linscale=0.5)
    axis.set(xlim=(-_EDGE if negative else -_LINEAR, _EDGE), ylim=(len(rows) - 0.4, -0.6))
    axis.xaxis.set_major_locator(FixedLocator(_TICKS if negative else _TICKS[2:]))
    axis.xaxis.set_minor_locator(NullLocator())
    axis.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g}".replace("-", "−")))
    axis.set_yticks(range(len(rows)), ticks)
    axis.tick_params(axis="y", length=0)
    axis.grid(axis="both", alpha=0.35)
    axis.set_xlabel("worse than held-out real data →")
    shown = [control for control in _MARKS if (table["control"] == control).any()]
    entries: dict[str, dict[str, Any]] = {
        names.get(control, control): {
            "marker": _MARKS[control][0], "color": _MARKS[control][1], "lw": 0, "ms": 5.5,
        }
        for control in shown
    }  # fmt: skip
    others = set(table["control"]) - {*_MARKS, records.REAL}
    if others:
        entries[", ".join(sorted(others))] = {
            "marker": _OTHER[0], "color": _OTHER[1], "lw": 0, "ms": 5.5,
        }  # fmt: skip
    entries["range of real data"] = {"color": MUTED, "lw": 5, "alpha": 0.6}
    if (table["verdict"] == WRONG).any():
        entries["wrong"] = {**CROSS, "color": INK}
    legend(figure, entries, columns=7)
    return figure


def _placed(table: pd.DataFrame) -> dict[str, bool]:
    """Return which metrics have a place for anything: one without a direction has none."""
    return {
        str(metric): bool(part["place"].notna().any()) for metric, part in table.groupby("metric")
    }


def _row(axis: Axes, place: int, table: pd.DataFrame) -> None:
    real = table[table["control"] == records.REAL]
    if len(real) and np.isfinite(real[["place_low", "place_high"]].to_numpy()).all():
        ends = sorted(real[["place_low", "place_high"]].iloc[0])
        axis.plot(ends, [place, place], color=MUTED, lw=5, alpha=0.6, solid_capstyle="butt")
    others = table[(table["control"] != records.REAL) & table["place"].notna()]
    for _, row in others.iterrows():
        marker, colour = _MARKS.get(row["control"], _OTHER)
        at = float(np.clip(row["place"], -_EDGE, _EDGE))
        seen = row["verdict"] in (RIGHT, WRONG)
        axis.plot(
            at, place, marker=marker, ms=5.5, lw=0, color=colour, mew=1.0, clip_on=False,
            mfc=colour if seen else "none", zorder=3,
        )  # fmt: skip
        if row["verdict"] == WRONG:
            axis.plot(at, place, color=INK, zorder=4, **{**CROSS, "ms": 8})
