"""What stands in each section of the page, in the page's order."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from bench.report import (
    calibration_sections,
    control_sections,
    loss_sections,
    published_sections,
    quality_sections,
    views,
)
from bench.report.parts import Parts
from bench.report.statistics import Statistics
from bench.report.style import style


def build(statistics: Statistics, source: Path, folder: Path) -> Parts:
    """Draw and write all sections.

    Args:
        statistics: Of the study.
        source: Its folder, which the paths of samples are relative to.
        folder: The report's folder.
    """
    parts = Parts(folder)
    with style():
        for place in statistics.places:
            quality_sections.scores(parts, statistics, *place)
            quality_sections.coverage(parts, statistics, *place)
            quality_sections.curves(parts, statistics, *place)
            quality_sections.sheets(parts, statistics, source, *place)
        loss_sections.correlations(parts, statistics)
        for place in statistics.places:
            loss_sections.readings(parts, statistics, *place)
        calibration_sections.calibration(parts, statistics)
        published_sections.published(parts, statistics)
        control_sections.controls(parts, statistics)
    _budget(parts, statistics)
    _files(parts, statistics)
    return parts


def _budget(parts: Parts, statistics: Statistics) -> None:
    if len(statistics.budget):
        parts.show(
            "runs",
            "Runs and what they took",
            "Means over the runs of a cell that left results, no interval.",
            "budget",
            views.budget(statistics.budget, statistics.colours),
        )


def _files(parts: Parts, statistics: Statistics) -> None:
    """Write every table of trained runs, as numbers in full precision, and what was trained."""
    manifest = statistics.results.manifest
    variants = [{"variant": name, **about} for name, about in manifest["variants"].items()]
    parts.save("objectives", pd.DataFrame(variants))
    if not statistics.results.trains:
        return
    columns = ["dataset", "architecture", "variant"]
    parts.save("leaderboard", statistics.leaderboard)
    parts.save("quality", statistics.cells)
    parts.save("outcomes", statistics.runs)
    parts.save("correlations", statistics.correlations)
    parts.save("correlations-by-run", statistics.run_correlations)
    parts.save("controls", statistics.controls)
    parts.save("budget", statistics.budget)
    parts.save("left-out", pd.DataFrame(manifest["left_out"], columns=[*columns, "reason"]))
    lost = [run for run in manifest["runs"] if run["status"] != "finished"]
    lost_columns = [*columns, "seed", "status", "diverged_at"]
    parts.save("not-finished", pd.DataFrame(lost, columns=lost_columns))
