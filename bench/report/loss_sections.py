"""The sections on losses: do they follow quality, and how do they look."""

from __future__ import annotations

import pandas as pd

from bench import records
from bench.analysis.correlation import FEWEST, WINDOWS
from bench.analysis.results import in_cell
from bench.report import losses, views
from bench.report.formats import span
from bench.report.parts import Parts
from bench.report.statistics import Statistics
from bench.report.style import label


def correlations(parts: Parts, statistics: Statistics) -> None:
    """Show for each signal how it correlates with the primary metric."""
    table = statistics.correlations
    for signal in dict.fromkeys(table["signal"]):
        cells = table[table["signal"] == signal]
        count = span(cells.loc[cells["n"] > 0, "n"])
        parts.draw(
            "loss",
            f"correlation-{signal.replace('_', '-')}",
            f"Does the {label(signal)} follow quality?",
            "Spearman’s ρ within each run; +1 where the signal ranks snapshots as the primary "
            f"metric does. Means over n = {count} seeds with 95 % intervals (hull of t and "
            "Fisher-z). Refreshed: a copy of the critic trained further. With fewer than "
            f"{FEWEST} snapshots in a run there is no ρ.",
            losses.correlations(statistics.run_correlations, table, signal, statistics.colours),
            fold=signal != "estimate",
        )


def readings(parts: Parts, statistics: Statistics, dataset: str, architecture: str) -> None:
    """Show one (dataset, architecture): estimates against quality, ρ, and diagnostics."""
    part = in_cell(statistics.correlations, dataset, architecture)
    if part.empty:
        return
    where, quality = f"{dataset} · {architecture}", label(statistics.results.primary[dataset])
    count = span(part["runs"])
    parts.draw(
        "loss",
        f"trajectory-{dataset}-{architecture}",
        f"{where}: estimate against quality",
        f"One line a run (n = {count} seeds), snapshots in order of training, no interval. "
        f"Horizontal: {quality}, logarithmic. Vertical scales differ on purpose: estimates "
        "of different objectives are never pooled.",
        losses.trajectories(statistics.results, dataset, architecture),
    )
    parts.show(
        "loss",
        f"{where}: rank correlations",
        f"Spearman’s ρ [95 % interval], mean over runs; snapshots a run: {_snapshots(part)}. After "
        f"burn-in: without steps below 100 or 1 % of the run. ° and grey: {quality} varies by less "
        "than a factor of two in half the runs or more, so that ρ says little.",
        "correlations",
        views.correlations(part, statistics.colours),
        fold=True,
    )
    parts.draw(
        "loss",
        f"diagnostics-{dataset}-{architecture}",
        f"{where}: losses, logits, gradients",
        f"Median over n = {count} seeds, no interval, read on held-out batches at each "
        "snapshot. Scales differ between objectives by design.",
        losses.diagnostics(statistics.results, dataset, architecture),
        fold=True,
    )


def _snapshots(cells: pd.DataFrame) -> str:
    """Return how many snapshots a run's ρ of the estimate is made of, by reading and window."""
    cells = cells[cells["signal"] == "estimate"]
    counts = cells.set_index(["reading", "window"])["snapshots"].sort_index()
    return ", ".join(
        f"{reading} {span(counts.loc[[(reading, WINDOWS[0])]])} "
        f"({WINDOWS[1]} {span(counts.loc[[(reading, WINDOWS[1])]])})"
        for reading in (records.REFRESHED, records.ONLINE)
        if (reading, WINDOWS[0]) in counts.index
    )
