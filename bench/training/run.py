"""Trains one cohort from its cell's settings to its files; resumes where a kill left it."""

from __future__ import annotations

import hashlib
import json
import resource
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from tqdm import tqdm

from bench import architectures, provenance, records
from bench.cells import Cell
from bench.datasets.base import Dataset, Images
from bench.files import whole, write_json
from bench.game import Game
from bench.metrics.evaluator import EvaluationSettings, Evaluator
from bench.training import checkpoint, recipe
from bench.training.checkpoint import Progress
from bench.training.cohort import Cohort
from bench.training.describe import describe
from bench.training.placement import place
from bench.training.snapshots import KEPT_SAMPLES, Snapshots


def choose_device(name: str) -> torch.device:
    """Return the device called ``name``; ``auto`` is CUDA where there is one, else the CPU.

    Raises:
        ValueError: CUDA is asked for, and there is none.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and not torch.cuda.is_available():
        raise ValueError("device: 'cuda' is asked for, but torch sees none; take 'auto' or 'cpu'")
    return torch.device(name)


def train(
    cell: Cell,
    study: str,
    seeds: Sequence[int],
    output: Path,
    device: torch.device,
    dataset: Dataset,
    extractor: Path | None = None,
) -> None:
    """Train the runs of ``cell`` at ``seeds`` and write their folder ``output``.

    Files: ``metrics.parquet`` (tidy rows), ``samples.safetensors``, ``weights.safetensors`` and
    ``run.json``. A checkpoint of the same settings and code is resumed; it is removed at the end.

    Args:
        cell: What to train.
        study: Name of the study, for the rows.
        seeds: Training seeds.
        output: The cohort's folder.
        device: Where to train.
        dataset: The cell's dataset.
        extractor: The classifier file, for images.
    """
    started = time.perf_counter()
    torch.set_flush_denormal(True)
    # A run repeated is bit-identical, and convolutions are as exact as everything else.
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.allow_tf32 = False
    game = Game.make(cell.sources, cell.objective, cell.hyperparameters, cell.techniques)
    architecture = architectures.REGISTRY.make(cell.networks)
    settled = recipe.make(cell, game.objective)
    if isinstance(dataset, Images):
        dataset = place(dataset, device, cell.training["data"], cell.training["workers"])
    cohort = Cohort(game, architecture, dataset, settled, seeds, device)
    settings = EvaluationSettings(**cell.evaluation)
    evaluator = Evaluator(dataset, settings, extractor, device.type == "cuda")
    path = output / "checkpoint.safetensors"
    identity = _identity(cell, seeds, device, dataset, extractor)
    progress = checkpoint.restore(path, cohort, identity) or Progress([], {})
    snapshots = Snapshots(cell, cohort, dataset, evaluator, progress)
    before = sum(progress.seconds.values())
    if not progress.rows:
        snapshots.measure()
    _loop(cell, cohort, snapshots, path, identity)
    _write(cell, study, cohort, snapshots, output)
    accounted = sum(progress.seconds.values()) - before
    other = time.perf_counter() - started - accounted
    progress.seconds["other"] = progress.seconds.get("other", 0.0) + other
    write_json(output / "run.json", _describe(cell, study, cohort, progress))
    path.unlink(missing_ok=True)


def _loop(cell: Cell, cohort: Cohort, snapshots: Snapshots, path: Path, identity: str) -> None:
    total = cohort.recipe.generator_steps
    # `disable=None` keeps quiet where the output is not a terminal.
    bar = tqdm(total=total, initial=cohort.step, desc=cell.path, unit="step", disable=None)
    saved = time.monotonic()
    with bar:
        while cohort.step < total:
            with snapshots.timed("training"):
                cohort.advance()
            if not bar.disable and cohort.step % 50 == 0:
                first, second = (loss.mean().item() for loss in cohort.losses)
                bar.set_postfix_str(f"loss D {first:.3g} G {second:.3g}", refresh=False)
            bar.update()
            if cohort.step in snapshots.steps:
                snapshots.measure()
                if bool((cohort.diverged_at >= 0).all()):
                    break
            if time.monotonic() - saved >= cell.training["checkpoint_seconds"]:
                checkpoint.save(path, cohort, snapshots.progress, identity)
                saved = time.monotonic()


def _write(cell: Cell, study: str, cohort: Cohort, snapshots: Snapshots, output: Path) -> None:
    """Write rows, samples and weights."""
    rows = list(snapshots.progress.rows)
    for seed, step in zip(cohort.seeds, cohort.diverged_at.tolist(), strict=True):
        if step >= 0:
            rows.append((seed, step, "diverged", "training", float(step), records.DIVERGED))
    who = {
        "study": study,
        "dataset": cell.dataset,
        "architecture": cell.architecture,
        "variant": cell.variant,
        "objective": cell.objective,
    }
    names = ("seed", "step", "metric", "protocol", "value", "status")
    table = records.frame({**who, **dict(zip(names, row, strict=True))} for row in rows)
    records.write(table, output / "metrics.parquet")
    samples = torch.from_numpy(snapshots.samples(KEPT_SAMPLES))
    kept = {f"seed-{seed}": samples[run].clone() for run, seed in enumerate(cohort.seeds)}
    with whole(output / "samples.safetensors") as temporary:
        save_file(kept, temporary)
    networks = {"generator": cohort.generator, "discriminator": cohort.discriminator}
    if cohort.average is not None:
        networks["generator_average"] = cohort.average
    weights = {
        f"{player}/{name}": value.detach().cpu().contiguous()
        for player, network in networks.items()
        for name, value in network.state().items()
    }
    with whole(output / "weights.safetensors") as temporary:
        save_file(weights, temporary, {"seeds": json.dumps(cohort.seeds)})


def _describe(cell: Cell, study: str, cohort: Cohort, progress: Progress) -> dict[str, Any]:
    """Return what made the runs and what they used."""
    game, recipe = cohort.game, cohort.recipe
    if cohort.device.type == "cuda":
        memory = torch.cuda.max_memory_allocated(cohort.device) / 2**20
    else:
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
    return {
        "study": study,
        "cell": json.loads(cell.settings()),
        "objective": describe(cell.objective, game, recipe, _notes(cohort)),
        "runs": [
            {
                "seed": seed,
                "status": "diverged" if step >= 0 else "finished",
                "diverged_at": step if step >= 0 else None,
            }
            for seed, step in zip(cohort.seeds, cohort.diverged_at.tolist(), strict=True)
        ],
        "steps": cohort.step,
        "discriminator_steps": cohort.step * recipe.discriminator_steps,
        "samples_seen": cohort.step
        * recipe.discriminator_steps
        * recipe.batch_size
        * game.needs.packing,
        "seconds": {kind: round(spent, 3) for kind, spent in progress.seconds.items()},
        "peak_memory_mb": round(memory, 1),
        "device": _device_name(cohort.device),
        **provenance.environment(),
    }


def _notes(cohort: Cohort) -> list[str]:
    """Return what a reader should know of the networks."""
    game, notes = cohort.game, []
    normalised = cohort.generator.mixes_samples
    if normalised and not game.batch_norm:
        notes.append(
            "discriminator without batch normalisation, which would undo the bound on its slope"
        )
    elif normalised and game.per_sample_gradient:
        notes.append(
            "discriminator without batch normalisation: the penalty is taken sample by sample"
        )
    if cohort.average is not None:
        notes.append("evaluated with averaged generator weights")
    return notes


def _device_name(device: torch.device) -> str:
    if device.type == "cuda":
        return f"cuda ({torch.cuda.get_device_name(device)})"
    return device.type


def _identity(
    cell: Cell,
    seeds: Sequence[int],
    device: torch.device,
    dataset: Dataset,
    extractor: Path | None,
) -> str:
    """Return a hash of the settings and files that a checkpoint's numbers depend on."""
    files = [*cell.files, *([extractor] if extractor is not None else [])]
    data = dataset.checksum if isinstance(dataset, Images) else ""
    parts = [cell.settings(), repr(list(seeds)), device.type, data]
    content = [part.encode() for part in parts] + [file.read_bytes() for file in files]
    return hashlib.blake2b(b"\0".join(content), digest_size=16).hexdigest()
