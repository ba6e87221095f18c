"""How a cell is trained and when it is measured, resolved from its settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.cells import Cell
from bench.objectives.base import Objective
from bench.optimizers import Optimizer


@dataclass(frozen=True)
class Recipe:
    """How a cell is trained, everything resolved.

    Attributes:
        batch_size: Real samples, and as many fakes, in each step of either player.
        generator_steps: Length of a run.
        discriminator_steps: Discriminator steps before each generator step.
        generator_optimizer: The generator's optimiser.
        discriminator_optimizer: The discriminator's optimiser.
        simultaneous: Whether the generator's step starts from the discriminator before its last
            step instead of after it.
    """

    batch_size: int
    generator_steps: int
    discriminator_steps: int
    generator_optimizer: Optimizer
    discriminator_optimizer: Optimizer
    simultaneous: bool = False


def make(cell: Cell, objective: Objective) -> Recipe:
    """Resolve a cell's protocol and budget for its objective."""
    settings: dict[str, Any] = {
        "generator_optimizer": objective.generator_optimizer.to_mapping(),
        "discriminator_optimizer": objective.discriminator_optimizer.to_mapping(),
        "discriminator_steps": objective.discriminator_steps,
        "updates": "alternating",
    }
    settings |= {**(cell.shared or {}), **cell.recipe}
    steps = settings["discriminator_steps"]
    batch = cell.training["batch_size"]
    each = {"generator_steps": 1, "discriminator_steps": steps, "samples_seen": steps * batch}
    budget = cell.training["budget"]
    return Recipe(
        batch,
        max(1, budget["amount"] // each[budget["unit"]]),
        steps,
        Optimizer.from_mapping(settings["generator_optimizer"]),
        Optimizer.from_mapping(settings["discriminator_optimizer"]),
        settings["updates"] == "simultaneous",
    )


def snapshot_steps(total: int, count: int) -> list[int]:
    """Return at most ``count`` log-spaced steps: 0, then from 10 (or less) to ``total``."""
    if total < count:
        return list(range(total + 1))
    if count == 2:
        return [0, total]
    first = min(10, max(1, total // count))
    spaced = np.geomspace(first, total, count - 1).round().astype(int)
    # Where rounding makes neighbours equal, the later one moves on.
    for position in range(1, len(spaced)):
        spaced[position] = max(spaced[position], spaced[position - 1] + 1)
    return [0, *(int(step) for step in spaced if step < total), total]


def refreshed_steps(snapshots: Sequence[int], count: int) -> list[int]:
    """Return ``count`` of the snapshots, evenly spread, the last one always among them."""
    if count == 0:
        return []
    if count == 1:
        return [snapshots[-1]]
    chosen = np.linspace(0, len(snapshots) - 1, min(count, len(snapshots))).round().astype(int)
    return [snapshots[position] for position in chosen]
