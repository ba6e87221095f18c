"""What a technique is: a change of the game that any objective can be combined with.

Written for one discriminator and one generator, as an objective is; see
:mod:`bench.components` for the places where both are asked: penalties, constraints, weights,
a state, and what they need of networks and engine.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from bench.calculus import (
    bounded_exp,
    input_gradient,
    interpolate,
    slopes,
    spectral_next,
    spectral_normalised,
    spectral_start,
    squared_slopes,
)
from bench.components import Component, Context, Critic, Needs, Noise, Tensors
from bench.objectives.base import Objective

__all__ = [
    "Context",
    "Critic",
    "Needs",
    "Noise",
    "Objective",
    "Penalty",
    "Technique",
    "Tensors",
    "bounded_exp",
    "input_gradient",
    "interpolate",
    "slopes",
    "spectral_next",
    "spectral_normalised",
    "spectral_start",
    "squared_slopes",
]


@dataclass(frozen=True)
class Technique(Component):
    """A change of the game. A subclass is a frozen dataclass of hyper-parameters with defaults.

    Besides what a component can do, it can change what the discriminator sees and what either
    player minimises. Several are applied in the order in which a study names them.
    """

    def refusal(self, objective: Objective) -> str | None:
        """Return why this makes no sense with an objective, or None if it does."""
        return None

    def view(self, samples: Tensor, noise: Noise, step: int) -> Tensor:
        """Return real or generated samples ``[B, ...]`` as the discriminator is to see them."""
        return samples

    def discriminator_loss(
        self, loss: Callable[[Tensor, Tensor], Tensor], context: Context
    ) -> Tensor:
        """Return the discriminator's loss; ``loss`` is the objective's, of real and fake logits."""
        return loss(context.real_logits, context.fake_logits)

    def generator_loss(
        self, loss: Callable[[], Tensor], critic: Critic, context: Context
    ) -> Tensor:
        """Return the generator's loss; ``loss()`` is what it would be without this technique."""
        return loss()


@dataclass(frozen=True)
class Penalty(Technique):
    """A technique that adds a penalty to the discriminator's loss.

    Attributes:
        weight: The penalty's weight.
        every: It is added in every so many discriminator steps, and as many times as strong
            (Karras et al. 2020, lazy regularisation).
    """

    weight: float = 1.0
    every: int = 1

    def __post_init__(self) -> None:
        """Raise ValueError if a setting is out of its range."""
        if self.weight < 0:
            raise ValueError(f"weight is {self.weight}; it must not be negative")
        if self.every < 1:
            raise ValueError(f"every is {self.every}; it must be at least 1")

    def interval(self) -> int:
        """Return n to have the penalty in every n-th discriminator step, n times as strong."""
        return self.every
