"""The figures of a calibration, one function a figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import fill
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from bench.report.formats import short
from bench.report.line_labels import label_ends
from bench.report.style import (
    COLOURS,
    CROSS,
    INK,
    MUTED,
    legend,
    outer_labels,
    panels,
    plain_log,
)

#: Relative errors beyond this are drawn as arrows at the edge; up to the other the axis is linear.
_EDGE, _LINEAR = 100.0, 5.0
_ERROR_TICKS = (-100, -50, -20, -10, -5, -2, 0, 2, 5, 10, 20, 50, 100)
#: Letters of a panel's title that stand in one line, where four panels stand in a row.
_TITLE = 28
#: Smallest and largest size of a pull that is drawn.
_PULLS = (1e-7, 1e8)


def relative_errors(
    readings: pd.DataFrame, order: Sequence[str], palette: Mapping[str, str]
) -> Figure:
    """Draw how far estimates are from the truth, a row a variant and a dot a pair.

    Args:
        readings: Rows of :func:`bench.analysis.calibration.readings`, one depth a variant.
        order: Variants from top to bottom; those of one target stand together.
        palette: Colours by variant.
    """
    widest = max((len(name) for name in order), default=8)
    left = 0.25 + 0.075 * widest
    figure, (axis,) = panels(
        1, height=0.5 + 0.22 * len(order), head=0.3, foot=0.5, left=left, share=False
    )
    for place, name in enumerate(order):
        mine = readings[readings["variant"] == name]
        target = 100 * mine["target"].iloc[0]
        axis.fill_between(
            [-target, target], place - 0.5, place + 0.5, color=MUTED, alpha=0.25, lw=0
        )
        _errors(axis, place, mine, palette[name])
    axis.axvline(0, color=INK, lw=0.8)
    axis.set_xscale("symlog", linthresh=_LINEAR, linscale=1.0)
    axis.set(xlim=(-1.15 * _EDGE, 1.15 * _EDGE), ylim=(len(order) - 0.4, -0.6))
    axis.xaxis.set_major_locator(FixedLocator(_ERROR_TICKS))
    axis.xaxis.set_minor_locator(NullLocator())
    axis.xaxis.set_major_formatter(FuncFormatter(_signed))
    axis.set_yticks(range(len(order)), order)
    axis.tick_params(axis="y", length=0)
    axis.grid(axis="x", alpha=0.35)
    axis.set_xlabel("estimate against truth, % (linear to ±5, then logarithmic)")
    dot = {"marker": "o", "ms": 4.5, "lw": 0, "color": MUTED}
    legend(
        figure,
        {
            "density ratio bounded": dot,
            "unbounded": {**dot, "mfc": "none"},
            "target": {"color": MUTED, "alpha": 0.25, "lw": 7},
            "off the axis": {**dot, "marker": ">"},
            "diverged": {**CROSS, "color": MUTED},
        },
    )
    return figure


def _signed(value: float, _: object = None) -> str:
    return f"{value:+g}".replace("-", "−") if value else "0"


def _errors(axis: Axes, place: int, readings: pd.DataFrame, colour: str) -> None:
    for _, row in readings.iterrows():
        filled: dict[str, Any] = {
            "color": colour,
            "mfc": colour if row["bounded"] else "none",
            "lw": 0,
        }
        error = 100 * row["relative"]
        if row["status"] != "ok":
            axis.plot(1.1 * _EDGE, place, color=colour, **CROSS)
        elif abs(error) > _EDGE:
            marker = ">" if error > 0 else "<"
            edge = np.sign(error) * 1.1 * _EDGE
            axis.plot(edge, place, marker=marker, ms=5, clip_on=False, **filled)
        elif np.isfinite(error):
            axis.plot(error, place, marker="o", ms=4.5, mew=0.9, alpha=0.85, **filled)


def against_truth(readings: pd.DataFrame, palette: Mapping[str, str]) -> Figure:
    """Draw estimates against true values, a panel a divergence and a dot a variant and pair."""
    rows = readings[np.isfinite(readings["truth"]) & (readings["value"] > 0)]
    names = list(dict.fromkeys(rows["divergence"]))
    figure, axes = panels(len(names), height=2.15, share=False, gap=0.02, left=0.6)
    for axis, name in zip(axes, names, strict=True):
        part = rows[rows["divergence"] == name]
        for variant, mine in part.groupby("variant", sort=False):
            for bounded, dots in mine.groupby("bounded"):
                colour = palette[str(variant)]
                face = colour if bounded else "none"
                axis.plot(
                    dots["truth"], dots["value"], "o", color=colour, mfc=face, ms=4, mew=0.9,
                    alpha=0.85,
                )  # fmt: skip
        both = part[["truth", "value"]].to_numpy()
        limits = both.min() / 1.3, both.max() * 1.3
        axis.plot(limits, limits, color=INK, lw=0.7, zorder=0)
        axis.set(xscale="log", yscale="log", xlim=limits, ylim=limits)
        axis.set_title(short(name))
    plain_log(axes)
    outer_labels(axes, "true value", "estimate")
    dot = {"marker": "o", "ms": 4, "lw": 0, "color": MUTED}
    entries = {
        "density ratio bounded": dot,
        "unbounded": {**dot, "mfc": "none"},
        "equal": {"color": INK, "lw": 0.7},
    }
    legend(figure, entries)
    return figure


def outputs(lines: pd.DataFrame, order: Sequence[str], palette: Mapping[str, str]) -> Figure:
    """Draw discriminators' outputs and optima along one pair's line, one panel a variant.

    Args:
        lines: Rows of the calibration's ``outputs``: one pair, seed and depth a variant.
        order: Variants, panel by panel.
        palette: Colours by variant.
    """
    columns = 5 if max(map(len, order)) <= _TITLE - 6 else 4
    figure, axes = panels(len(order), columns=columns, height=1.5, share=False, gap=-0.12, left=0.4)
    for axis, name in zip(axes, order, strict=True):
        mine = lines[lines["variant"] == name]
        weight = mine["weight"] / mine["weight"].max()
        axis.fill_between(
            mine["place"], 0, 0.3 * weight, transform=axis.get_xaxis_transform(), color=MUTED,
            alpha=0.3, lw=0,
        )  # fmt: skip
        axis.plot(mine["place"], mine["output"], color=palette[name], lw=1.8)
        axis.plot(mine["place"], mine["optimum"], color=INK, lw=0.9, dashes=(3, 1.5))
        axis.set(xlim=(0, 1), xticks=[0, 0.5, 1])
        axis.set_title(fill(name, _TITLE))
    for axis in axes:
        axis.locator_params(axis="y", nbins=4)
    outer_labels(axes, "place on the line", "")
    legend(
        figure,
        {
            "discriminator's output": {"color": MUTED, "lw": 1.8},
            "optimum": {"color": INK, "lw": 0.9, "dashes": (3, 1.5)},
            "density of both": {"color": MUTED, "alpha": 0.3, "lw": 7},
        },
    )
    return figure


def clipping(table: pd.DataFrame) -> Figure:
    """Draw the factor of clipped critics against depth, and against the clip constant.

    A panel is left out where there is but one depth, or one clip constant.

    Args:
        table: Rows of :func:`bench.analysis.calibration.clipping`.
    """
    wanted = [("depth", "clip", "hidden layers"), ("clip", "depth", "clip constant")]
    wanted = [entry for entry in wanted if table[entry[0]].nunique() > 1] or wanted[1:]
    figure, axes = panels(
        len(wanted), columns=2, height=2.9, head=0.05, right=0.85, share=False, gap=0.75
    )
    for axis, (across, by, label) in zip(axes, wanted, strict=True):
        ends = []
        for index, (key, part) in enumerate(table.groupby(by)):
            line = part.sort_values(across)
            colour = COLOURS[index % len(COLOURS)]
            spread = [line["factor"] - line["low"], line["high"] - line["factor"]]
            axis.errorbar(
                line[across], line["factor"], spread, color=colour, marker="o", ms=4.5, lw=1.6,
                elinewidth=0.9, capsize=2.5,
            )  # fmt: skip
            text = f"{'clip' if by == 'clip' else 'depth'} {key:g}"
            ends.append((line[across].iloc[-1], line["factor"].iloc[-1], text, colour))
        axis.set(yscale="log", xlabel=label)
        if across == "clip":
            axis.set_xscale("log")
            plain_log([axis])
            axis.set_xticks(sorted(table["clip"].unique()))
        else:
            axis.set_xticks(sorted(table["depth"].unique()))
        plain_log([axis])
        label_ends(axis, ends)
    axes[0].set_ylabel("gap / W₁")
    return figure


def pulls(table: pd.DataFrame, told: Sequence[str]) -> Figure:
    """Draw the size of generators' gradients against the logit and against the distance.

    Args:
        table: The calibration's ``pulls``.
        told: Variants in colour, with a label at the line's end; all others are thin and grey.
    """
    palette = {name: COLOURS[index % len(COLOURS)] for index, name in enumerate(told)}
    titles = {
        "logit": "against the logit of a generated sample",
        "distance": "against the distance θ of N(0, 1) and N(θ, 1)",
    }
    shown = [name for name in titles if (table["against"] == name).any()]
    figure, axes = panels(
        len(shown), columns=2, height=3.6, head=0.05, right=1.6, share=False, gap=1.5
    )
    low, high = _PULLS
    for axis, against in zip(axes, shown, strict=True):
        part = table[(table["against"] == against) & (table["size"] > 0)]
        ends = []
        for name in [*(n for n in dict.fromkeys(part["variant"]) if n not in told), *told]:
            line = part[part["variant"] == name].sort_values("at")
            if line.empty:
                continue
            colour = palette.get(name, MUTED)
            width, alpha = (1.8, 1.0) if name in told else (0.6, 0.6)
            axis.plot(line["at"], line["size"], color=colour, lw=width, alpha=alpha)
            if name in told:
                ends.append((line["at"].iloc[-1], line["size"].iloc[-1], name, colour))
        sizes = part["size"].clip(low, high)
        axis.set(yscale="log", title=titles[against])
        axis.set_ylim(max(low, sizes.min() / 3), min(high, sizes.max() * 3))
        axis.set_xlabel("logit" if against == "logit" else "θ")
        plain_log([axis])
        label_ends(axis, ends)
    axes[0].set_ylabel("size of the gradient")
    return figure
