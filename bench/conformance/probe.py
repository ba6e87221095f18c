"""Inputs that conformance checks feed to an objective."""

from __future__ import annotations

import torch
from torch import Tensor

from bench.objectives.base import Context, Noise, Objective

LOSSES = ("discriminator_loss", "generator_loss")
#: Where the logits are probed.
LEVELS = (-100.0, -50.0, -25.0, -10.0, -3.0, -1.0, 0.0, 1.0, 3.0, 10.0, 25.0, 50.0, 100.0)
#: Shapes of one sample: a point and an image.
SHAPES = ((2,), (1, 8, 8))


class BrokenError(Exception):
    """A property does not hold; the message says what is wrong and what would be right."""


class Probe:
    """One batch of eight samples, its logits and a critic, the same every time it is made.

    Attributes:
        real: Real samples ``[8, *shape]``.
        fake: Generated samples ``[8, *shape]``.
        logits: Real and fake logits, each ``[8]``; they are not those of :meth:`critic`.
        weight: The critic's parameter.
        parameters: A discriminator's parameters, for constraints.
    """

    def __init__(self, shape: tuple[int, ...] = (2,)) -> None:
        generator = torch.Generator().manual_seed(0)
        self.real, self.fake = torch.randn(2, 8, *shape, generator=generator)
        self.logits = list(3 * torch.randn(2, 8, generator=generator))
        self.weight = torch.randn(self.real[0].numel(), generator=generator)
        self.parameters = {
            "0.weight": torch.randn(4, 2, generator=generator),
            "0.bias": torch.randn(4, generator=generator),
        }

    def critic(self, samples: Tensor) -> Tensor:
        """Return the logits of a smooth critic, ``[B]``."""
        return 2 * torch.tanh(samples.flatten(1) @ self.weight)

    def rows(self, order: Tensor) -> Probe:
        """Return a probe with the batch's rows picked by ``order``, real and fake alike."""
        other = Probe(tuple(self.real.shape[1:]))
        other.real, other.fake = self.real[order], self.fake[order]
        other.logits = [logits[order] for logits in self.logits]
        return other

    def tensors(self) -> list[Tensor]:
        """Return every tensor that an objective gets to see."""
        return [self.real, self.fake, *self.logits, *self.parameters.values()]

    def outputs(self, objective: Objective, noise: Noise) -> dict[str, Tensor]:
        """Return what each method that sees a batch makes of this one."""
        named = {name: getattr(objective, name)(*self.logits) for name in (*LOSSES, "estimate")}
        penalty = objective.penalty(self.critic, Context(self.real, self.fake, noise, 0))
        return named if penalty is None else {**named, "penalty": penalty}


class Draws:
    """A source of noise that gives the same draws each time it is made."""

    def __init__(self) -> None:
        self._generator = torch.Generator().manual_seed(0)

    def uniform(self, *shape: int) -> Tensor:
        """Draw from U(0, 1)."""
        return torch.rand(shape, generator=self._generator)

    def normal(self, *shape: int) -> Tensor:
        """Draw from N(0, 1)."""
        return torch.randn(shape, generator=self._generator)


def batch(level: float, dtype: torch.dtype = torch.float32) -> Tensor:
    """Return a few logits near ``level``, not all equal, within ±100, that want gradients."""
    spread = torch.tensor([0.0, -1.0, 0.5, 1.0], dtype=dtype)
    return (level + spread).clamp(-100, 100).requires_grad_()


def is_scalar(value: object) -> bool:
    """Return whether ``value`` is a floating tensor of shape ``()``."""
    return isinstance(value, Tensor) and value.shape == () and value.is_floating_point()


def short(value: object) -> str:
    """Return a few of a tensor's numbers, or what it is instead of a scalar tensor."""
    if not isinstance(value, Tensor):
        return f"a {type(value).__name__}"
    if value.ndim > 1:
        return f"a tensor of shape {tuple(value.shape)}"
    return ", ".join(f"{number:.4g}" for number in value.detach().flatten()[:4].tolist())
