"""What a variant is, for those who read its results."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bench.game import Game
from bench.training.recipe import Recipe


def describe(
    name: str, game: Game, recipe: Recipe | None = None, notes: Sequence[str] = ()
) -> dict[str, Any]:
    """Return an objective's paper, settings and techniques, and how it is trained.

    Args:
        name: The objective's name.
        game: The objective and its techniques.
        recipe: How it is trained; None for what its paper says.
        notes: What a reader should know besides.
    """
    objective = game.objective
    trained = recipe or objective
    return {
        "name": name,
        "title": objective.title,
        "reference": objective.reference,
        "divergence": objective.divergence,
        "caveat": objective.caveat,
        "hyperparameters": dict(vars(objective)),
        "generator_optimizer": str(trained.generator_optimizer),
        "discriminator_optimizer": str(trained.discriminator_optimizer),
        "discriminator_steps": trained.discriminator_steps,
        "updates": "simultaneous" if recipe and recipe.simultaneous else "alternating",
        "techniques": {
            technique: {"title": part.title, "reference": part.reference, "settings": vars(part)}
            for technique, part in game.techniques.items()
        },
        "notes": list(notes),
    }
