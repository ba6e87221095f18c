"""What is measured at a snapshot, and how long everything takes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

from bench import records
from bench.cells import Cell
from bench.datasets.base import Batch, Dataset
from bench.metrics.evaluator import Evaluator
from bench.training.checkpoint import Progress, Row
from bench.training.cohort import Cohort
from bench.training.data import batches
from bench.training.readings import Readings
from bench.training.recipe import refreshed_steps, snapshot_steps

#: Samples of each run that are kept for the report, from the same latents for every objective.
KEPT_SAMPLES = 1000
#: A generator whose samples leave the data's range by this factor has exploded.
_EXPLODED = 1e3
#: Samples of a run that are generated at once.
_CHUNK = 1024


class Snapshots:
    """Measures a cohort at its snapshots and keeps the rows and the time in ``progress``.

    Args:
        cell: Whose settings say when.
        cohort: The runs.
        dataset: Their data.
        evaluator: Measures samples.
        progress: Rows and seconds so far; added to.
    """

    def __init__(
        self,
        cell: Cell,
        cohort: Cohort,
        dataset: Dataset,
        evaluator: Evaluator,
        progress: Progress,
    ) -> None:
        training = cell.training
        self.progress = progress
        self.steps = snapshot_steps(cohort.recipe.generator_steps, training["snapshots"])
        self._refreshed = refreshed_steps(self.steps, training["refresh_snapshots"])
        self._cohort, self._evaluator = cohort, evaluator
        self._readings = Readings(
            cohort, dataset, training["reading_batches"], training["refresh_steps"]
        )
        count = max(evaluator.samples_needed, KEPT_SAMPLES)
        # The same latents at every snapshot and under every objective.
        self._latents = cohort.latent_stream("evaluation-latent", count)(0)
        classes = batches(dataset, "train", "evaluation-labels", count, cohort.streams)
        self._labels = cohort.told(classes, 0)
        self._bound = _EXPLODED * dataset.extent

    @contextmanager
    def timed(self, kind: str) -> Iterator[None]:
        """Count the time of a block as ``kind``."""
        start = time.perf_counter()
        yield
        seconds = self.progress.seconds
        seconds[kind] = seconds.get(kind, 0.0) + time.perf_counter() - start

    def measure(self) -> None:
        """Add the rows of this step for every run that has not diverged."""
        cohort = self._cohort
        with self.timed("evaluation"):
            samples = self.samples(self._evaluator.samples_needed)
            self._note_explosions(samples)
        with self.timed("readings"):
            measured = self._readings.online()
        if cohort.step in self._refreshed:
            with self.timed("refresh"):
                further = self._readings.refreshed(self._refreshed.index(cohort.step))
            measured = [first + second for first, second in zip(measured, further, strict=True)]
        diverged_at = cohort.diverged_at.tolist()
        with self.timed("evaluation"):
            for run, seed in enumerate(cohort.seeds):
                if diverged_at[run] < 0:
                    entries = self._evaluator.evaluate(samples[run]) + measured[run]
                    rows: list[Row] = [(seed, cohort.step, *entry, records.OK) for entry in entries]
                    self.progress.rows.extend(rows)

    def samples(self, count: int) -> Batch:
        """Return the first ``count`` samples of each run, ``[seeds, count, ...]``."""
        parts = [
            self._cohort.sample(
                self._latents[:, start : min(start + _CHUNK, count)],
                tuple(labels[:, start : min(start + _CHUNK, count)] for labels in self._labels),
            )
            for start in range(0, count, _CHUNK)
        ]
        samples: Batch = torch.cat(parts, dim=1).cpu().numpy()
        return samples

    def _note_explosions(self, samples: Batch) -> None:
        """Mark the runs whose samples are not finite or far out of the data's range."""
        cohort = self._cohort
        extent = np.abs(samples.reshape(len(samples), -1)).max(axis=1)
        exploded = torch.from_numpy(~(extent < self._bound)).to(cohort.device)
        newly = exploded & (cohort.diverged_at < 0)
        cohort.diverged_at = torch.where(newly, cohort.step, cohort.diverged_at)
