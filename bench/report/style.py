"""How figures look: one colour a variant, small multiples, and SVG for any background.

Ink is drawn in a colour of its own that the saved SVG replaces by ``currentColor``: inside the
page, text and axes follow its light or dark mode; a file opened alone has black ink.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from bench import records

#: Mid-tones that stand out from white and from near-black, after Okabe and Ito (2008), who chose
#: them for all common kinds of colour vision.
COLOURS = (
    "#0f7fc4", "#e08e0b", "#0a9e77", "#d2609f", "#d55e00", "#4fb0e3", "#8b6fd6", "#9a8f1a",
    "#a0715e", "#7f8a94",
)  # fmt: skip
#: Replaced by ``currentColor``; no other element may have it.
INK = "#010203"
#: For what is only context; legible on white and on near-black.
MUTED = "#8c9299"
WIDTH = 9.6
_SIZE = 8.5
#: The mark of a run that diverged.
CROSS: dict[str, Any] = {"marker": "x", "ms": 5.5, "mew": 1.5, "lw": 0}

_RC: dict[Any, Any] = {
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.labelsize": _SIZE,
    "axes.linewidth": 0.6,
    "axes.titlelocation": "left",
    "axes.titlepad": 4.0,
    "axes.titlesize": _SIZE,
    # A fixed height saves a layout pass for each panel.
    "axes.titley": 1.0,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": _SIZE,
    "grid.color": MUTED,
    "grid.linewidth": 0.4,
    "legend.fontsize": _SIZE,
    "legend.frameon": False,
    "legend.labelcolor": INK,
    "savefig.facecolor": "none",
    "svg.fonttype": "none",
    "text.color": INK,
    "xtick.color": INK,
    "xtick.labelsize": _SIZE - 1,
    "xtick.major.size": 3.0,
    "xtick.major.width": 0.6,
    "xtick.minor.size": 0.0,
    "ytick.color": INK,
    "ytick.labelsize": _SIZE - 1,
    "ytick.major.size": 3.0,
    "ytick.major.width": 0.6,
    "ytick.minor.size": 0.0,
}


@contextmanager
def style() -> Iterator[None]:
    """Draw in the report's style inside the block."""
    with mpl.rc_context({**sns.axes_style("ticks"), **_RC}):
        yield


def colours(variants: Iterable[str]) -> dict[str, str]:
    """Return a colour for each variant; the same order gives the same colours."""
    return {name: COLOURS[i % len(COLOURS)] for i, name in enumerate(variants)}


def panels(
    count: int, *, columns: int = 4, height: float = 1.75, head: float = 0.3, foot: float = 0.5,
    left: float = 0.62, right: float = 0.1, share: bool = True, gap: float = 0.0,
) -> tuple[Figure, list[Axes]]:  # fmt: skip
    """Return a figure of ``count`` panels with margins in inches, and the panels row by row.

    Args:
        count: Panels; cells of the grid left over stay empty.
        columns: Panels in a row at the most; rows are as even as they can be.
        height: Height of one panel with its title.
        head: Room above the first row, for a legend.
        foot: Room for the labels of the horizontal axis.
        left: Room for the labels of the vertical axis.
        right: Room for labels at the ends of lines.
        share: All panels have the same axes.
        gap: More room between panels, horizontally.
    """
    rows = -(-count // columns)
    columns = -(-count // rows)
    figure = Figure(figsize=(WIDTH, rows * height + head + foot))
    FigureCanvasSVG(figure)
    total = figure.get_figheight()
    inner = (WIDTH - left - right) / columns
    space = 0.18 + gap if share else 0.5 + gap
    grid = figure.subplots(
        rows, columns, sharex=share, sharey=share, squeeze=False,
        gridspec_kw={
            "left": left / WIDTH, "right": 1 - right / WIDTH,
            "bottom": foot / total, "top": 1 - (head + 0.22) / total,
            "wspace": space / (inner - space), "hspace": 0.3 if share else 0.5,
        },
    )  # fmt: skip
    axes = list(grid.ravel())
    for index, panel in enumerate(axes):
        if index >= count:
            panel.remove()
        elif share and index + columns >= count:
            panel.tick_params(labelbottom=True)
    for panel in axes[:count]:
        sns.despine(ax=panel)
    return figure, axes[:count]


def svg(figure: Figure, name: str) -> str:
    """Return the figure as an SVG element that may stand in a page among others.

    The same figure gives the same text: no date, and ids made from ``name``.
    """
    buffer = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": name}):
        figure.savefig(
            buffer, format="svg", dpi=110,
            metadata={"Date": None, "Creator": None, "Format": None, "Type": None},
        )  # fmt: skip
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r'\bid="', f'id="{name}-', text)
    text = re.sub(r'href="#', f'href="#{name}-', text)
    text = text.replace("url(#", f"url(#{name}-").replace(INK, "currentColor")
    # The page has its own font; a file alone takes what the reader's machine has.
    text = text.replace("'DejaVu Sans'", "system-ui, 'DejaVu Sans'")
    text = re.sub(r'<svg ([^>]*?)width="[\d.]+pt"', r"<svg \1", text, count=1)
    text = re.sub(r'<svg ([^>]*?)height="[\d.]+pt"', r"<svg \1", text, count=1)
    # A hundredth of a point is finer than anyone sees; six decimals weigh a tenth more. Only in
    # attributes: a tick label says what it says.
    text = re.sub(r'="[^"]*"', lambda m: re.sub(r"(\d\.\d\d)\d+", r"\1", m[0]), text)
    return re.sub(r"\n\s*", "\n", text)


def label(metric: str) -> str:
    """Return what a metric is called in print; one that is not catalogued has its own name."""
    return records.METRICS[metric].label if metric in records.METRICS else metric


def plain_log(axes: Sequence[Axes]) -> None:
    """Label logarithmic axes in plain numbers, at least two to an axis."""
    for axes_ in axes:
        for axis in (axes_.xaxis, axes_.yaxis):
            if axis.get_scale() != "log":
                continue
            low, high = sorted(axis.get_view_interval())
            axis.set_major_locator(FixedLocator(_log_ticks(low, high)))
            axis.set_major_formatter(FuncFormatter(_plain))
            axis.set_minor_locator(NullLocator())
            axis.set_view_interval(low, high, ignore=True)


def outer_labels(axes: Sequence[Axes], below: str, beside: str) -> None:
    """Label the outer axes of a grid of panels."""
    for index, axis in enumerate(axes):
        spec = axis.get_subplotspec()
        assert spec is not None
        if index + spec.get_gridspec().ncols >= len(axes):
            axis.set_xlabel(below)
        if spec.is_first_col():
            axis.set_ylabel(beside)


def legend(figure: Figure, entries: Mapping[str, Mapping[str, Any]], columns: int = 6) -> None:
    """Put a legend above the panels: line options by label."""
    handles = [Line2D([], [], **{"label": name, **options}) for name, options in entries.items()]
    figure.legend(
        handles=handles, loc="upper left", ncols=columns, bbox_to_anchor=(0.0, 1.0),
        borderaxespad=0.2, columnspacing=1.4, handlelength=1.8, handletextpad=0.5,
    )  # fmt: skip


def _log_ticks(low: float, high: float) -> list[float]:
    """Return round ticks between two positive limits: powers of ten, thinned or filled in."""
    exponents = np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)) + 1)
    inside: list[float] = []
    for mantissas in ((1,), (1, 3), (1, 2, 5), (1, 1.5, 2, 3, 5, 7)):
        ticks = [m * 10.0**e for e in exponents for m in mantissas]
        inside = [tick for tick in ticks if low <= tick <= high]
        if len(inside) >= 3:
            break
    return inside[:: -(-len(inside) // 5)] if len(inside) > 7 else inside


def _plain(value: float, _: object = None) -> str:
    """Return a short tick label."""
    if value == 0 or 1e-3 <= abs(value) < 1e4:
        return f"{value:g}"
    mantissa, exponent = f"{value:.0e}".split("e")
    return f"{mantissa}e{int(exponent)}"
