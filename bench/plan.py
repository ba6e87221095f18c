"""The plan of a study: which cohorts to train, and where their files are.

A cohort is the runs of a cell that one process trains together. Cohorts on disk stay as they are,
finished or not, and the seeds they lack form one new cohort: adding a seed to a study trains that
seed alone. Only a cohort with seeds that nobody wants any more must have finished to stay.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.cells import Cell
from bench.config import Study


@dataclass(frozen=True)
class PlannedCohort:
    """Seeds of a cell that are trained together, and the folder of their files."""

    cell: Cell
    seeds: tuple[int, ...]
    folder: Path


@dataclass(frozen=True)
class Plan:
    """All cohorts of a study.

    Attributes:
        study: The study.
        results: Its folder, ``results/<study>``.
        cohorts: What to train.
    """

    study: Study
    results: Path
    cohorts: tuple[PlannedCohort, ...]

    def data(self, dataset: str) -> Path | None:
        """Return the file that says what a dataset of images is, once it has been read."""
        if self.study.dataset(dataset).kind == "images":
            return self.results / "data" / f"{dataset}.json"
        return None

    def extractor(self, dataset: str) -> Path | None:
        """Return the file that says what measures a dataset of images, once that is prepared."""
        if self.data(dataset):
            return self.results / "features" / f"{dataset}.json"
        return None


def make(study: Study, results: Path) -> Plan:
    """Return the plan of ``study`` given what is in its folder ``results`` already."""
    cohorts = []
    for cell in study.cells:
        parent = results / "runs" / cell.path
        for seeds in _cohorts(study.seeds, parent):
            cohorts.append(PlannedCohort(cell, seeds, parent / f"seeds-{_label(seeds)}"))
    return Plan(study, results, tuple(cohorts))


def _cohorts(wanted: Sequence[int], parent: Path) -> list[tuple[int, ...]]:
    """Return the cohorts on disk that have wanted seeds, and one of the seeds they lack."""
    labelled = ((_seeds(folder.name), folder) for folder in parent.glob("seeds-*"))
    useful = (
        seeds
        for seeds, folder in labelled
        if set(seeds) <= set(wanted) or (folder / "run.json").exists()
    )
    found = sorted(useful, key=lambda seeds: (-len(seeds), seeds))
    kept: list[tuple[int, ...]] = []
    missing = set(wanted)
    for seeds in found:
        # No run may be there twice.
        if missing & set(seeds) and not any(set(seeds) & set(other) for other in kept):
            kept.append(seeds)
            missing -= set(seeds)
    return [*sorted(kept), tuple(sorted(missing))] if missing else sorted(kept)


def _label(seeds: Sequence[int]) -> str:
    """Return seeds as ``0to4+7``: short for many, and unambiguous."""
    parts: list[list[int]] = []
    for seed in seeds:
        if parts and seed == parts[-1][-1] + 1:
            parts[-1].append(seed)
        else:
            parts.append([seed])
    return "+".join(f"{p[0]}to{p[-1]}" if len(p) > 1 else str(p[0]) for p in parts)


def _seeds(name: str) -> tuple[int, ...]:
    """Return the seeds of a folder's name; none if it is no cohort's."""
    if not re.fullmatch(r"seeds-\d+(to\d+)?(\+\d+(to\d+)?)*", name):
        return ()
    return parse(name.removeprefix("seeds-"))


def parse(label: str) -> tuple[int, ...]:
    """Return the seeds that a label such as ``0to4+7`` stands for."""
    seeds: list[int] = []
    for part in label.split("+"):
        first, _, last = part.partition("to")
        seeds.extend(range(int(first), int(last or first) + 1))
    return tuple(seeds)
