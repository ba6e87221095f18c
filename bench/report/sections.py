"""What stands in each section of the page: which figures and tables, and their captions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
from markupsafe import Markup
from matplotlib.figure import Figure

from bench.analysis import correlation, tables
from bench.analysis.outcomes import outcomes, summary
from bench.analysis.results import Results, direction, in_cell
from bench.files import whole
from bench.report import figures, headline, losses, samples, views
from bench.report.style import colours, label, style, svg
from bench.report.views import View

#: Metrics of the coverage figure by kind of data; the table beside it has every metric.
_DRAWN = {"mixture": ["modes", "high_quality", "kl_reverse"], "images": ["precision", "recall"]}


@dataclass(frozen=True)
class Part:
    """A figure or a table in the page, with its caption and the file that holds the same."""

    title: str
    caption: str
    file: str
    graphic: Markup | None = None
    view: View | None = None
    folded: bool = False


@dataclass
class Sections:
    """The page's sections, gathered while their tables and figures are written as files.

    Args:
        results: The study.
        source: Its folder, which the paths of samples are relative to.
        folder: The report's folder.
    """

    results: Results
    source: Path
    folder: Path
    parts: dict[str, list[Part]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.leaderboard = tables.leaderboard(self.results)
        self.controls = tables.controls(self.results)
        self.runs = outcomes(self.results)
        self.cells = summary(self.runs)
        self.run_correlations = correlation.per_run(self.results)
        self.correlations = correlation.per_cell(self.run_correlations)
        self.variants = list(self.results.manifest["variants"])
        self.colours = colours(self.variants)

    @property
    def places(self) -> list[tuple[str, str]]:
        """Every (dataset, architecture) that has runs, in the study's order."""
        found = self.results.training[["dataset", "architecture"]].drop_duplicates()
        order = list(self.results.manifest["datasets"])
        places = list(found.itertuples(index=False, name=None))
        return sorted(places, key=lambda place: order.index(place[0]))

    def build(self) -> None:
        """Fill all sections."""
        with style():
            for dataset, architecture in self.places:
                self._scores(dataset, architecture)
                self._coverage(dataset, architecture)
                self._curves(dataset, architecture)
                self._samples(dataset, architecture)
            self._correlations()
            for dataset, architecture in self.places:
                self._losses(dataset, architecture)
        self._controls_and_budget()
        self._files()

    def save(self, name: str, table: pd.DataFrame) -> str:
        """Write a table as CSV and return its address from the page."""
        with whole(self.folder / "tables" / f"{name}.csv") as temporary:
            table.to_csv(temporary, index=False)
        return f"tables/{name}.csv"

    def _draw(
        self, section: str, name: str, title: str, caption: str, figure: Figure, fold: bool = False
    ) -> None:
        graphic = svg(figure, name)
        with whole(self.folder / "figures" / f"{name}.svg") as temporary:
            temporary.write_text(graphic, encoding="utf-8")
        part = Part(title, caption, f"figures/{name}.svg", graphic=Markup(graphic), folded=fold)
        self.parts.setdefault(section, []).append(part)

    def _show(
        self, section: str, title: str, caption: str, name: str, view: View, fold: bool = False
    ) -> None:
        part = Part(title, caption, f"tables/{name}.csv", view=view, folded=fold)
        self.parts.setdefault(section, []).append(part)

    def _scores(self, dataset: str, architecture: str) -> None:
        part = in_cell(self.leaderboard, dataset, architecture)
        if part.empty:
            return
        metric, protocol = part["metric"].iloc[0], part["protocol"].iloc[0]
        higher = direction(metric) == "higher"
        where = f"{dataset} · {architecture}"
        self._draw(
            "leaderboard",
            f"scores-{dataset}-{architecture}",
            where,
            f"{label(metric)} ({protocol}; {'larger' if higher else 'smaller'} is better). Means "
            f"with 95 % t intervals over n = {_range(part['n'])} training seeds. Best: the "
            "snapshot that other data choose, measured under the same protocol as the last.",
            self._dots(
                dataset, architecture, [(metric, "last"), (metric, "best")], list(part["variant"])
            ),
        )
        self._show(
            "leaderboard",
            f"{where}: {label(metric)}",
            f"{protocol}; mean ± half width of the 95 % t interval over n seeds. Times the "
            "leader: geometric mean ratio, paired by seed, with its uncorrected 95 % t interval; p "
            "is Holm-corrected over all pairs of variants. In bold: what is not behind the leader.",
            "leaderboard",
            views.leaderboard(part, self.colours),
        )

    def _coverage(self, dataset: str, architecture: str) -> None:
        results = self.results
        description = results.manifest["datasets"][dataset]
        cells = in_cell(self.cells, dataset, architecture)
        listed = views.ordered(set(cells["metric"]) - {results.primary.get(dataset, "")})
        if not listed:
            return
        drawn = [name for name in _DRAWN.get(description["kind"], []) if name in listed]
        order = results.variants(dataset, architecture)
        where, count = f"{dataset} · {architecture}", _range(cells["n"])
        modes = len(description.get("means", []))
        if drawn:
            self._draw(
                "coverage",
                f"coverage-{dataset}-{architecture}",
                where,
                f"Last snapshot, {headline.protocols(cells, drawn)}. Means with 95 % t intervals "
                f"over n = {count} training seeds."
                + (f" There are {modes} true modes." if modes else ""),
                self._dots(dataset, architecture, [(name, "last") for name in drawn], order),
            )
        self._show(
            "coverage",
            f"{where}: every metric",
            f"Last snapshot, {headline.protocols(cells, listed)}; mean ± half width of the 95 % t "
            "interval over n seeds. The file has the best snapshot, too.",
            "quality",
            views.metrics(cells, listed, order, self.colours),
        )

    def _dots(
        self, dataset: str, architecture: str, columns: list[tuple[str, str]], order: Sequence[str]
    ) -> Figure:
        return figures.dots(
            in_cell(self.runs, dataset, architecture),
            in_cell(self.cells, dataset, architecture),
            columns,
            {name: self.results.anchors(dataset, architecture, name)[0] for name, _ in columns},
            order,
            self.colours,
        )

    def _curves(self, dataset: str, architecture: str) -> None:
        part = in_cell(self.leaderboard, dataset, architecture)
        if part.empty:
            return
        self._draw(
            "curves",
            f"curves-{dataset}-{architecture}",
            f"{dataset} · {architecture}",
            f"{label(part['metric'].iloc[0])} ({part['protocol'].iloc[0]}) over training, both "
            "axes logarithmic; grey lines are the other variants. "
            f"n = {_range(part['n'])} seeds, each a thin line; there is no interval. A mean ends "
            "where a run diverges.",
            figures.learning_curves(self.results, dataset, architecture),
        )

    def _correlations(self) -> None:
        cells = self.correlations
        for signal in dict.fromkeys(cells["signal"]):
            self._draw(
                "loss",
                f"correlation-{signal.replace('_', '-')}",
                f"Does the {label(signal)} follow quality?",
                "Spearman’s ρ within each run; +1 where the signal ranks snapshots as the primary "
                f"metric does. Means over n = {_range(cells['n'])} seeds with 95 % intervals (hull "
                "of t and Fisher-z). Refreshed: a copy of the critic trained further, on fewer "
                "snapshots.",
                losses.correlations(self.run_correlations, cells, signal, self.colours),
                fold=signal != "estimate",
            )

    def _losses(self, dataset: str, architecture: str) -> None:
        part = in_cell(self.correlations, dataset, architecture)
        if part.empty:
            return
        where, quality = f"{dataset} · {architecture}", label(self.results.primary[dataset])
        count = _range(part["runs"])
        self._draw(
            "loss",
            f"trajectory-{dataset}-{architecture}",
            f"{where}: estimate against quality",
            f"One line a run (n = {count} seeds), snapshots in order of training, no interval. "
            f"Horizontal: {quality}, logarithmic. Vertical scales differ on purpose: estimates "
            "of different objectives are never pooled.",
            losses.trajectories(self.results, dataset, architecture),
        )
        self._show(
            "loss",
            f"{where}: rank correlations",
            "Spearman’s ρ [95 % interval], mean over runs. After burn-in: without steps below 100 "
            f"or 1 % of the run. ° and grey: {quality} varies by less than a factor of two in "
            "half the runs or more, so that ρ says little.",
            "correlations",
            views.correlations(part, self.colours),
            fold=True,
        )
        self._draw(
            "loss",
            f"diagnostics-{dataset}-{architecture}",
            f"{where}: losses, logits, gradients",
            f"Median over n = {count} seeds, no interval, read on held-out batches at each "
            "snapshot. Scales differ between objectives by design.",
            losses.diagnostics(self.results, dataset, architecture),
            fold=True,
        )

    def _samples(self, dataset: str, architecture: str) -> None:
        found = samples.read(self.results, self.source, dataset, architecture)
        if not found:
            return
        description = self.results.manifest["datasets"][dataset]
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
            figure = samples.scatter(found, description, self.colours)
        else:
            return
        name, title = f"samples-{dataset}-{architecture}", f"{dataset} · {architecture}"
        self._draw("samples", name, title, caption, figure)

    def _controls_and_budget(self) -> None:
        controls, budget = self.controls, tables.budget(self.results)
        if len(controls):
            count = controls["replicates"].dropna()
            replicates = f" (n = {_range(count)} untrained generators)" if len(count) else ""
            self._show(
                "controls",
                "What each metric says of known samples",
                f"Means over replicates{replicates}, no interval. Real data must score better than "
                "both others; a metric that says otherwise is marked.",
                "controls",
                views.controls(controls),
            )
        if len(budget):
            self._show(
                "runs",
                "Runs and what they took",
                "Means over the runs of a cell, no interval.",
                "budget",
                views.budget(budget, self.colours),
            )
        self.save("budget", budget)

    def _files(self) -> None:
        """Write the tables that more than one section draws on."""
        manifest = self.results.manifest
        variants = [{"variant": name, **about} for name, about in manifest["variants"].items()]
        columns = ["dataset", "architecture", "variant"]
        self.save("leaderboard", self.leaderboard)
        self.save("quality", self.cells)
        self.save("outcomes", self.runs)
        self.save("correlations", self.correlations)
        self.save("correlations-by-run", self.run_correlations)
        self.save("controls", self.controls)
        self.save("objectives", pd.DataFrame(variants))
        self.save("left-out", pd.DataFrame(manifest["left_out"], columns=[*columns, "reason"]))
        lost = [run for run in manifest["runs"] if run["status"] != "finished"]
        lost_columns = [*columns, "seed", "status", "diverged_at"]
        self.save("not-finished", pd.DataFrame(lost, columns=lost_columns))


def _range(counts: pd.Series[Any]) -> str:
    """Return the numbers of seeds behind a figure, as ``3`` or ``2 to 3``."""
    low, high = int(counts.min()), int(counts.max())
    return str(high) if low == high else f"{low} to {high}"
