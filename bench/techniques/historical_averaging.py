"""Historical averaging of both players' parameters (Salimans et al. 2016, section 3.3)."""

from dataclasses import dataclass

import torch
from torch import Tensor

from bench.techniques.base import Context, Critic, Technique, Tensors

_PLAYERS = ("discriminator", "generator")


@dataclass(frozen=True)
class HistoricalAveraging(Technique):
    """Each player's loss has λ·‖θ − (1/t)·Σ_{i≤t} θ[i]‖² added, θ[i] as of its own past steps.

    The norm is over all parameters of a player. In its first step there is no past, and nothing
    is added.

    Attributes:
        weight: λ; the paper writes the term without one.
    """

    title = "Historical averaging"
    reference = "Salimans et al. 2016, Improved Techniques for Training GANs, NIPS"

    weight: float = 1.0

    def __post_init__(self) -> None:
        """Raise ValueError if a setting is out of its range."""
        if self.weight < 0:
            raise ValueError(f"weight is {self.weight}; it must not be negative")

    def penalty(self, critic: Critic, context: Context) -> Tensor:
        """Return the discriminator's λ·‖θ − mean of past θ‖²."""
        return self._distance("discriminator", context.parameters)

    def generator_penalty(self, critic: Critic, context: Context) -> Tensor:
        """Return the generator's λ·‖θ − mean of past θ‖²."""
        return self._distance("generator", context.parameters)

    def initial_state(self, discriminator: Tensors, generator: Tensors) -> Tensors:
        """Return each player's mean parameters and how many steps went into them."""
        start = {
            f"{player}/{name}": value.clone()
            for player, parameters in zip(_PLAYERS, (discriminator, generator), strict=True)
            for name, value in parameters.items()
        }
        zero = torch.zeros_like(next(iter(start.values())).flatten()[0])
        return start | {f"{player} steps": zero for player in _PLAYERS}

    def after_discriminator_step(self, context: Context) -> Tensors:
        """Return the state with the parameters of this step in the discriminator's mean."""
        return self._with("discriminator", context.parameters)

    def after_generator_step(self, context: Context) -> Tensors:
        """Return the state with the parameters of this step in the generator's mean."""
        return self._with("generator", context.parameters)

    def _distance(self, player: str, parameters: Tensors) -> Tensor:
        squares = [
            (value - self.state[f"{player}/{name}"]).square().sum()
            for name, value in parameters.items()
        ]
        return self.weight * torch.stack(squares).sum()

    def _with(self, player: str, parameters: Tensors) -> Tensors:
        steps = self.state[f"{player} steps"] + 1
        means = {f"{player}/{name}": value for name, value in parameters.items()}
        moved = {
            name: self.state[name] + (value - self.state[name]) / steps
            for name, value in means.items()
        }
        return {**self.state, **moved, f"{player} steps": steps}
