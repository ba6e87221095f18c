"""Inputs that conformance checks feed to an objective."""

from __future__ import annotations

import torch
from torch import Tensor

from bench.objectives.base import Context, Needs, Noise, Objective

LOSSES = ("discriminator_loss", "generator_loss")
PENALTIES = ("penalty", "generator_penalty")
UPDATES = ("after_discriminator_step", "after_generator_step")
#: Where the logits are probed.
LEVELS = (-100.0, -50.0, -25.0, -10.0, -3.0, -1.0, 0.0, 1.0, 3.0, 10.0, 25.0, 50.0, 100.0)
#: Shapes of one sample: a point and an image.
SHAPES = ((2,), (1, 8, 8))


class BrokenError(Exception):
    """A property does not hold; the message says what is wrong and what would be right."""


class ProbeCritic:
    """A smooth critic of one layer.

    Attributes:
        weight: Its parameter, ``[features, outputs]``.
    """

    def __init__(self, weight: Tensor, needs: Needs) -> None:
        self.weight, self._needs = weight, needs

    def __call__(self, samples: Tensor) -> Tensor:
        """Return the outputs of samples ``[B, ...]``."""
        outputs = 2 * torch.tanh(self.features(samples))
        if self._needs.reconstruction:
            outputs = outputs.square()
        return outputs if self._needs.outputs > 1 else outputs.squeeze(1)

    def features(self, samples: Tensor) -> Tensor:
        """Return what stands before the last nonlinearity, ``[B, outputs]``."""
        return samples.flatten(1) @ self.weight


class Probe:
    """One batch of eight samples, its logits and a critic, the same every time it is made.

    Attributes:
        objective: What is probed, with its state.
        real: Real samples ``[8, *shape]``.
        fake: Generated samples ``[8, *shape]``.
        logits: Real and fake outputs, ``[8]`` or ``[8, outputs]``; not those of the critic.
        critic: A critic.
        parameters: A discriminator's parameters, for constraints.
    """

    def __init__(self, objective: Objective, shape: tuple[int, ...] = (2,)) -> None:
        generator = torch.Generator().manual_seed(0)
        needs = objective.needs()
        self.real, self.fake = torch.randn(2, 8, *shape, generator=generator)
        single = (8,) if needs.outputs == 1 else (8, needs.outputs)
        self.logits = list(3 * torch.randn(2, *single, generator=generator))
        if needs.reconstruction:
            self.logits = [logits.abs() for logits in self.logits]
        weight = torch.randn(self.real[0].numel(), needs.outputs, generator=generator)
        self.critic = ProbeCritic(weight, needs)
        self.parameters = {
            "0.weight": torch.randn(4, 2, generator=generator),
            "0.bias": torch.randn(4, generator=generator),
        }
        self.objective = objective.with_state(
            objective.initial_state(self.parameters, self.parameters)
        )

    def rows(self, order: Tensor) -> Probe:
        """Return a probe with the batch's rows picked by ``order``, real and fake alike."""
        other = Probe(self.objective, tuple(self.real.shape[1:]))
        other.real, other.fake = self.real[order], self.fake[order]
        other.logits = [logits[order] for logits in self.logits]
        return other

    def tensors(self) -> list[Tensor]:
        """Return every tensor that an objective gets to see."""
        return [self.real, self.fake, *self.logits, *self.parameters.values()]

    def context(self, noise: Noise, step: int = 0, scale: float = 1.0) -> Context:
        """Return the context of a step, with all samples scaled."""
        real, fake = self.real, self.fake
        if scale != 1:
            real, fake = scale * real, scale * fake
        logits = self.logits
        return Context(real, fake, noise, step, logits[0], logits[1], self.parameters)

    def outputs(self, noise: Noise) -> dict[str, Tensor]:
        """Return what each method that sees a batch makes of this one."""
        named = {
            name: getattr(self.objective, name)(*self.logits) for name in (*LOSSES, "estimate")
        }
        context = self.context(noise)
        for name in PENALTIES:
            value = getattr(self.objective, name)(self.critic, context)
            named |= {} if value is None else {name: value}
        for name in UPDATES:
            for key, value in getattr(self.objective, name)(context).items():
                named[f"{name} ({key})"] = value
        return named


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


def batch(level: float, needs: Needs, dtype: torch.dtype = torch.float32) -> Tensor:
    """Return a few logits near ``level``, not all equal, within ±100, that want gradients.

    They are four numbers, or four rows of as many as there are outputs; of an autoencoder, errors
    of that size, which are not negative.
    """
    spread = torch.tensor([0.0, -1.0, 0.5, 1.0], dtype=dtype)
    if needs.outputs > 1:
        spread = torch.stack([spread.roll(output) for output in range(needs.outputs)], dim=1)
    logits = (level + spread).clamp(-100, 100)
    return (logits.abs() if needs.reconstruction else logits).requires_grad_()


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
