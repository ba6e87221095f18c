"""Control rows: what the metrics say of known samples."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import torch

from bench import architectures, records
from bench.cells import Cell
from bench.config import Study
from bench.datasets.base import Dataset
from bench.metrics.evaluator import EvaluationSettings, Evaluator
from bench.training.network import Stacked
from bench.training.snapshots import KEPT_SAMPLES
from bench.training.streams import Streams

#: Samples of a generator that are made at once.
_CHUNK = 1024


def controls(
    study: Study, dataset: Dataset, extractor: Path | None = None, cuda: bool = False
) -> pd.DataFrame:
    """Measure known samples (:meth:`Evaluator.controls`), and untrained generators.

    Args:
        study: Whose evaluation, architectures and seeds.
        dataset: One of its datasets.
        extractor: For images, what measures them, as :class:`Evaluator` takes it.
        cuda: Extract features on the GPU.

    Returns:
        Tidy rows at step 0 whose objective is :data:`bench.records.CONTROL`; the seed counts
        replicates of real data. An untrained generator has the same weights as that of every run
        of its architecture and seed.
    """
    name = dataset.name
    settings = EvaluationSettings(**study.section("evaluation", name))
    evaluator = Evaluator(dataset, settings, extractor, cuda)
    rows = [
        _row(study, name, "", variant, replicate, entry)
        for variant, replicates in evaluator.controls().items()
        for replicate, measured in enumerate(replicates)
        for entry in measured
    ]
    cells = {cell.architecture: cell for cell in study.cells if cell.dataset == name}
    for cell in cells.values():
        samples = _untrained(cell, dataset, study.seeds, evaluator.samples_needed)
        for seed, generated in zip(study.seeds, samples, strict=True):
            rows += [
                _row(study, name, cell.architecture, records.UNTRAINED, seed, entry)
                for entry in evaluator.evaluate(generated.numpy())
            ]
    return records.frame(rows)


def _untrained(cell: Cell, dataset: Dataset, seeds: Sequence[int], count: int) -> torch.Tensor:
    """Return samples ``[seeds, count, ...]`` of generators before their first step."""
    architecture = architectures.REGISTRY.make(cell.networks)
    shape, device = dataset.shape, torch.device("cpu")
    generator = Stacked(lambda: architecture.generator(shape), "generator", seeds, device)
    generator.train(False)
    streams = Streams(tuple(seeds), device)
    # As many as a run draws, so that both begin with the same ones.
    drawn = max(count, KEPT_SAMPLES)
    latents = streams.latents("evaluation-latent", drawn, architecture)(0)[:, :count]
    generate = torch.func.vmap(generator)
    with torch.no_grad():
        parts = [
            generate(generator.parameters, generator.buffers, part)
            for part in torch.split(latents, _CHUNK, dim=1)
        ]
    return torch.cat(parts, dim=1)


def _row(
    study: Study,
    dataset: str,
    architecture: str,
    variant: str,
    seed: int,
    entry: records.Measurement,
) -> dict[str, object]:
    return {
        "study": study.name,
        "dataset": dataset,
        "architecture": architecture,
        "variant": variant,
        "objective": records.CONTROL,
        "seed": seed,
        "step": 0,
        **entry._asdict(),
        "status": records.OK,
    }
