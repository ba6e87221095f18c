"""The sections on quality: scores, mode coverage, learning curves and samples."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from bench.analysis.results import direction, in_cell
from bench.report import figures, samples, views
from bench.report.formats import span
from bench.report.parts import Parts
from bench.report.statistics import Statistics
from bench.report.style import label

#: Metrics of the coverage figure by kind of data; the tables beside it have every metric.
_DRAWN = {
    "mixture": ["modes", "high_quality", "kl_reverse"],
    "density": ["energy", "log_density", "log_likelihood"],
    "images": ["stacked_modes", "precision", "recall"],
}
#: Metrics in one table: more are too wide to read.
_WIDEST = 8


def scores(parts: Parts, statistics: Statistics, dataset: str, architecture: str) -> None:
    """Show the primary metric: outcomes by seed and the leaderboard."""
    part = in_cell(statistics.leaderboard, dataset, architecture)
    if part.empty:
        return
    metric, protocol = part["metric"].iloc[0], part["protocol"].iloc[0]
    higher = direction(metric) == "higher"
    where = f"{dataset} · {architecture}"
    parts.draw(
        "leaderboard",
        f"scores-{dataset}-{architecture}",
        where,
        f"{label(metric)} ({protocol}; {'larger' if higher else 'smaller'} is better). Means "
        f"with 95 % t intervals over n = {span(part['n'])} training seeds. Best: the "
        "snapshot that other data choose, measured under the same protocol as the last.",
        _dots(
            statistics,
            dataset,
            architecture,
            [(metric, "last"), (metric, "best")],
            list(part["variant"]),
        ),
    )
    parts.show(
        "leaderboard",
        f"{where}: {label(metric)}",
        f"{protocol}; mean ± half width of the 95 % t interval over n seeds. Times the "
        "leader: geometric mean ratio, paired by seed, with its uncorrected 95 % t interval; p "
        "is Holm-corrected over all pairs of variants. In bold: what is not behind the leader.",
        "leaderboard",
        views.leaderboard(part, statistics.colours),
    )


def coverage(parts: Parts, statistics: Statistics, dataset: str, architecture: str) -> None:
    """Show every other metric at the last snapshot, a table a protocol."""
    results = statistics.results
    description = results.manifest["datasets"][dataset]
    cells = in_cell(statistics.cells, dataset, architecture)
    primary = results.primary.get(dataset, "")
    leads = (cells["metric"] == primary) & (cells["protocol"] == results.protocol(dataset, primary))
    cells = cells[~leads]
    drawn = [name for name in _DRAWN.get(description["kind"], []) if name in set(cells["metric"])]
    order = results.variants(dataset, architecture)
    where, count = f"{dataset} · {architecture}", span(cells["n"])
    modes = len(description.get("means", [])) if description["kind"] == "mixture" else 0
    if drawn:
        named = dict.fromkeys(results.protocol(dataset, name) for name in drawn)
        parts.draw(
            "coverage",
            f"coverage-{dataset}-{architecture}",
            where,
            f"Last snapshot, {', '.join(named)}. Means with 95 % t intervals "
            f"over n = {count} training seeds."
            + (f" There are {modes} true modes." if modes else ""),
            _dots(statistics, dataset, architecture, [(name, "last") for name in drawn], order),
        )
    tables = _tables(cells)
    for number, listed in enumerate(tables, 1):
        pairs = pd.DataFrame(listed, columns=["metric", "protocol"])
        parts.show(
            "coverage",
            f"{where}: every metric" + (f", {number} of {len(tables)}" if tables[1:] else ""),
            f"Last snapshot, {', '.join(pairs['protocol'].unique())}; mean ± half width of the "
            "95 % t interval over n seeds. The file has the best snapshot, too.",
            "quality",
            views.metrics(cells.merge(pairs), list(pairs["metric"]), order, statistics.colours),
        )


def _tables(cells: pd.DataFrame) -> list[list[tuple[str, str]]]:
    """Return every (metric, protocol) in tables that are narrow enough to read.

    Protocols share a table where they fit and have no metric in common; one that is too wide
    for a table is cut into even parts.
    """
    tables: list[list[tuple[str, str]]] = []
    for protocol, mine in cells.groupby("protocol", sort=False):
        listed = views.ordered(set(mine["metric"]))
        for names in np.array_split(listed, -(-len(listed) // _WIDEST)):
            added = [(str(name), str(protocol)) for name in names]
            last = tables[-1] if tables else []
            shared = {metric for metric, _ in last} & {metric for metric, _ in added}
            if last and not shared and len(last) + len(added) <= _WIDEST:
                last += added
            else:
                tables.append(added)
    return tables


def curves(parts: Parts, statistics: Statistics, dataset: str, architecture: str) -> None:
    """Show the primary metric over training."""
    part = in_cell(statistics.leaderboard, dataset, architecture)
    if part.empty:
        return
    parts.draw(
        "curves",
        f"curves-{dataset}-{architecture}",
        f"{dataset} · {architecture}",
        f"{label(part['metric'].iloc[0])} ({part['protocol'].iloc[0]}) over training, both "
        "axes logarithmic; grey lines are the other variants. "
        f"n = {span(part['n'])} seeds, each a thin line; there is no interval. A mean ends "
        "where a run diverges.",
        figures.learning_curves(statistics.results, dataset, architecture),
    )


def sheets(
    parts: Parts, statistics: Statistics, source: Path, dataset: str, architecture: str
) -> None:
    """Show samples of one run of each variant."""
    found = samples.read(statistics.results, source, dataset, architecture)
    if not found:
        return
    description = statistics.results.manifest["datasets"][dataset]
    count = max(len(values) for values in found.values())
    if description["kind"] == "images":
        shown = samples.side(next(iter(found.values()))) ** 2
        caption = (
            f"The first {min(count, shown)} images of one run (n = 1 seed), "
            "not chosen. The same latent point at the same place under every variant."
        )
        figure = samples.grids(found)
    elif "means" in description and description["shape"][0] > 1:
        truth = (
            "Circles mark the true modes, not their size"
            if description["kind"] == "mixture"
            else "The shade is the true density"
        )
        flat = (
            ""
            if description["shape"] == [2]
            else (", seen along the two principal axes of the centres")
        )
        caption = (
            f"Up to {count} samples of one run (n = 1 seed){flat}. {truth}. "
            "The same latent points under every variant."
        )
        figure = samples.scatter(found, description, statistics.colours)
    else:
        return
    name, title = f"samples-{dataset}-{architecture}", f"{dataset} · {architecture}"
    parts.draw("samples", name, title, caption, figure)


def _dots(
    statistics: Statistics,
    dataset: str,
    architecture: str,
    columns: list[tuple[str, str]],
    order: Sequence[str],
) -> Figure:
    results = statistics.results
    chosen = pd.DataFrame(
        [(name, results.protocol(dataset, name)) for name in dict.fromkeys(n for n, _ in columns)],
        columns=["metric", "protocol"],
    )
    return figures.dots(
        in_cell(statistics.runs, dataset, architecture).merge(chosen),
        in_cell(statistics.cells, dataset, architecture).merge(chosen),
        columns,
        {name: results.anchors(dataset, architecture, name)[0] for name, _ in columns},
        order,
        statistics.colours,
    )
