"""Labels beside the right ends of lines, in place of a legend."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

#: Height of a line of text, in inches.
_LINE = 0.15


def label_ends(axis: Axes, ends: Sequence[tuple[float, float, str, str]]) -> None:
    """Write labels beside the right ends of lines, moved apart where they would overlap.

    Args:
        axis: A panel with a logarithmic vertical axis whose limits are final.
        ends: Horizontal and vertical place, text and colour of each.
    """
    if not ends:
        return
    low, high = np.log(axis.get_ylim())
    heights = [(np.log(y) - low) / (high - low) for _, y, _, _ in ends]
    figure = axis.get_figure(root=True)
    assert figure is not None
    inches = axis.get_position().height * figure.get_figheight()
    places = apart(heights, _LINE / inches)
    left, right = axis.get_xlim()
    if axis.get_xscale() == "log":
        left, right = np.log(left), np.log(right)
    for (x, _, text, colour), height, place in zip(ends, heights, places, strict=True):
        at = np.log(x) if axis.get_xscale() == "log" else x
        end = (at - left) / (right - left), min(max(height, 0.0), 1.0)
        axis.annotate(
            text, end, (1.04, place),
            xycoords="axes fraction", textcoords="axes fraction", color=colour, va="center",
            arrowprops={"arrowstyle": "-", "color": colour, "lw": 0.5, "shrinkA": 1, "shrinkB": 1},
        )  # fmt: skip


def apart(heights: Sequence[float], gap: float) -> list[float]:
    """Return heights in [0, 1] moved as little as need be to be ``gap`` apart, in their order."""
    order = np.argsort(heights, kind="stable")
    wanted = np.clip(np.asarray(heights, float)[order], 0, 1) - gap * np.arange(len(heights))
    # Least squares under an order: pool adjacent violators.
    blocks: list[list[float]] = []
    for value in wanted:
        blocks.append([float(value)])
        while len(blocks) > 1 and np.mean(blocks[-2]) > np.mean(blocks[-1]):
            last = blocks.pop()
            blocks[-1] += last
    level = np.concatenate([[np.mean(block)] * len(block) for block in blocks])
    moved = level + gap * np.arange(len(heights))
    moved = moved + max(0.0, -moved.min())
    moved = moved - max(0.0, moved.max() - 1)
    placed = np.empty(len(heights))
    placed[order] = moved
    return [float(value) for value in placed]
