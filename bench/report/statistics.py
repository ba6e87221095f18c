"""All statistics of a study that the page draws on, computed once."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from bench.analysis import controls, correlation, tables
from bench.analysis.calibration import Calibration
from bench.analysis.outcomes import outcomes, summary
from bench.analysis.published.compare import compare
from bench.analysis.results import Results
from bench.report.style import colours


@dataclass(frozen=True)
class Statistics:
    """A study with its tables.

    Attributes:
        results: Rows and manifest.
        leaderboard: :func:`bench.analysis.tables.leaderboard`.
        controls: :func:`bench.analysis.controls.controls`.
        published: :func:`bench.analysis.published.compare.compare`.
        budget: :func:`bench.analysis.tables.budget`.
        runs: :func:`bench.analysis.outcomes.outcomes`.
        cells: :func:`bench.analysis.outcomes.summary` of ``runs``.
        run_correlations: :func:`bench.analysis.correlation.per_run`.
        correlations: :func:`bench.analysis.correlation.per_cell`.
        calibration: All tables of the study's calibration.
        colours: Colour by variant, in the study's order.
    """

    results: Results
    leaderboard: pd.DataFrame
    controls: pd.DataFrame
    published: pd.DataFrame
    budget: pd.DataFrame
    runs: pd.DataFrame
    cells: pd.DataFrame
    run_correlations: pd.DataFrame
    correlations: pd.DataFrame
    calibration: Calibration
    colours: dict[str, str]

    @classmethod
    def of(cls, results: Results) -> Statistics:
        """Compute everything."""
        runs, run_correlations = outcomes(results), correlation.per_run(results)
        return cls(
            results=results,
            leaderboard=tables.leaderboard(results),
            controls=controls.controls(results),
            published=compare(results),
            budget=tables.budget(results),
            runs=runs,
            cells=summary(runs),
            run_correlations=run_correlations,
            correlations=correlation.per_cell(run_correlations),
            calibration=Calibration.of(results),
            colours=colours(results.manifest["variants"]),
        )

    @property
    def places(self) -> list[tuple[str, str]]:
        """Every (dataset, architecture) that has rows, in the study's order."""
        found = self.results.training[["dataset", "architecture"]].drop_duplicates()
        order = list(self.results.manifest["datasets"])
        places = list(found.itertuples(index=False, name=None))
        return sorted(places, key=lambda place: order.index(place[0]))
