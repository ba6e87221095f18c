"""The sections on quality: scores, mode coverage, learning curves and samples."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from bench.analysis.results import direction, in_cell
from bench.report import figures, headline, samples, views
from bench.report.formats import span
from bench.report.parts import Parts
from bench.report.statistics import Statistics
from bench.report.style import label

#: Metrics of the coverage figure by kind of data; the table beside it has every metric.
_DRAWN = {"mixture": ["modes", "high_quality", "kl_reverse"], "images": ["precision", "recall"]}


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
    """Show every other metric at the last snapshot."""
    results = statistics.results
    description = results.manifest["datasets"][dataset]
    cells = in_cell(statistics.cells, dataset, architecture)
    listed = views.ordered(set(cells["metric"]) - {results.primary.get(dataset, "")})
    if not listed:
        return
    drawn = [name for name in _DRAWN.get(description["kind"], []) if name in listed]
    order = results.variants(dataset, architecture)
    where, count = f"{dataset} · {architecture}", span(cells["n"])
    modes = len(description.get("means", []))
    if drawn:
        parts.draw(
            "coverage",
            f"coverage-{dataset}-{architecture}",
            where,
            f"Last snapshot, {headline.protocols(cells, drawn)}. Means with 95 % t intervals "
            f"over n = {count} training seeds."
            + (f" There are {modes} true modes." if modes else ""),
            _dots(statistics, dataset, architecture, [(name, "last") for name in drawn], order),
        )
    parts.show(
        "coverage",
        f"{where}: every metric",
        f"Last snapshot, {headline.protocols(cells, listed)}; mean ± half width of the 95 % t "
        "interval over n seeds. The file has the best snapshot, too.",
        "quality",
        views.metrics(cells, listed, order, statistics.colours),
    )


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
        caption = (
            f"The first {min(count, samples.SIDE**2)} images of one run (n = 1 seed), "
            "not chosen. The same latent point at the same place under every variant."
        )
        figure = samples.grids(found)
    elif description["shape"] == [2]:
        caption = (
            f"Up to {count} samples of one run (n = 1 seed). Circles mark the true modes, not "
            "their size. The same latent points under every variant."
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
    return figures.dots(
        in_cell(statistics.runs, dataset, architecture),
        in_cell(statistics.cells, dataset, architecture),
        columns,
        {name: statistics.results.anchors(dataset, architecture, name)[0] for name, _ in columns},
        order,
        statistics.colours,
    )
