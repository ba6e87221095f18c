"""Checkpoints: a cohort's whole state in one safetensors file, written whole or not at all.

Random streams need no state (see :mod:`bench.training.streams`), and the rows measured so far
travel in the file's metadata, so that weights and rows can never be of different steps.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from bench.components import Tensors
from bench.files import whole
from bench.training.cohort import Cohort

#: Rows of the runs so far: (seed, step, metric, protocol, value, status).
Row = tuple[int, int, str, str, float, str]


@dataclass
class Progress:
    """What a cohort's training has to show besides its tensors.

    Attributes:
        rows: Everything measured so far.
        seconds: Time spent, over all the sittings, by kind of work.
    """

    rows: list[Row]
    seconds: dict[str, float]


def save(path: Path, cohort: Cohort, progress: Progress, identity: str) -> None:
    """Write the state of ``cohort``; ``identity`` says what settings and code made it."""
    metadata = {
        "identity": identity,
        "step": str(cohort.step),
        "rows": json.dumps(progress.rows),
        "seconds": json.dumps(progress.seconds),
    }
    with whole(path) as temporary:
        save_file(_tensors(cohort), temporary, metadata)


def restore(path: Path, cohort: Cohort, identity: str) -> Progress | None:
    """Take ``cohort`` to the state at ``path``.

    Returns:
        What came with it, or None if there is no checkpoint, it cannot be read, or it belongs to
        other settings or code; the cohort is untouched then.
    """
    if not path.is_file():
        return None
    try:
        with safe_open(path, framework="pt", device=str(cohort.device)) as file:
            metadata = file.metadata()
            if metadata["identity"] != identity:
                return None
            names = file.keys()
            tensors = {name: file.get_tensor(name) for name in names}
    except SafetensorError:
        return None
    cohort.generator.restore(_below("generator", tensors))
    cohort.discriminator.restore(_below("discriminator", tensors))
    _restore_optimizer(cohort.generator_optimizer, _below("generator_optimizer", tensors))
    _restore_optimizer(cohort.discriminator_optimizer, _below("discriminator_optimizer", tensors))
    if cohort.average is not None:
        cohort.average.restore(_below("generator_average", tensors))
    cohort.states = tuple(_below(f"state_{index}", tensors) for index in range(len(cohort.states)))
    cohort.diverged_at = tensors["diverged_at"]
    cohort.step = int(metadata["step"])
    rows = [tuple(row) for row in json.loads(metadata["rows"])]
    return Progress(rows, json.loads(metadata["seconds"]))


def _tensors(cohort: Cohort) -> dict[str, Tensor]:
    named: dict[str, Tensors] = {
        "generator": cohort.generator.state(),
        "discriminator": cohort.discriminator.state(),
        "generator_optimizer": _optimizer_state(cohort.generator_optimizer),
        "discriminator_optimizer": _optimizer_state(cohort.discriminator_optimizer),
        **{f"state_{index}": state for index, state in enumerate(cohort.states)},
    }
    if cohort.average is not None:
        named["generator_average"] = cohort.average.state()
    tensors = {
        f"{owner}/{name}": value.detach().contiguous()
        for owner, state in named.items()
        for name, value in state.items()
    }
    return {**tensors, "diverged_at": cohort.diverged_at}


def _optimizer_state(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    state: dict[int, dict[str, Any]] = optimizer.state_dict()["state"]
    return {
        f"{index}/{key}": value
        for index, entries in state.items()
        for key, value in entries.items()
        if isinstance(value, Tensor)
    }


def _restore_optimizer(optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        index, key = name.split("/")
        state.setdefault(int(index), {})[key] = value
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": state, "param_groups": groups})


def _below(owner: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {
        name.removeprefix(f"{owner}/"): value
        for name, value in tensors.items()
        if name.startswith(f"{owner}/")
    }
