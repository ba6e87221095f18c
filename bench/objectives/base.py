"""What an objective is. All that a plugin imports.

An objective is written for **one** discriminator and **one** generator, as in its paper. The
engine batches it over seeds, so the code must be functional: no in-place change of its inputs,
no branch on the value of a tensor, no global randomness.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import exp
from typing import ClassVar, Protocol

import torch
from torch import Tensor

from bench.optimizers import Optimizer, adam, rmsprop, sgd

__all__ = [
    "Context",
    "Critic",
    "Noise",
    "Objective",
    "Optimizer",
    "adam",
    "bounded_exp",
    "input_gradient",
    "interpolate",
    "rmsprop",
    "sgd",
]

#: A discriminator: samples ``[B, ...]`` to logits ``[B]``.
Critic = Callable[[Tensor], Tensor]


class Noise(Protocol):
    """A source of random numbers that belongs to one run and is reproducible.

    The shapes asked for, and their order, must not depend on the values of any tensor.
    """

    def uniform(self, *shape: int) -> Tensor:
        """Draw from U(0, 1)."""
        ...

    def normal(self, *shape: int) -> Tensor:
        """Draw from N(0, 1)."""
        ...


@dataclass(frozen=True)
class Context:
    """What a penalty may look at besides the logits.

    Attributes:
        real: Real samples, shape ``[B, ...]``.
        fake: Generated samples of the same shape, without a path to the generator.
        noise: Random numbers of this run.
        step: Generator steps done so far.
    """

    real: Tensor
    fake: Tensor
    noise: Noise
    step: int


@dataclass(frozen=True)
class Objective(ABC):
    """What discriminator and generator each minimise.

    A subclass is a frozen dataclass whose fields are the hyper-parameters, with the paper's
    values as defaults. Losses take logits of shape ``[B]`` and return a scalar; they stay finite
    in float32 for logits between −100 and 100.

    Class attributes:
        title: Name for people.
        reference: The paper: authors, year, title, where.
        generator_optimizer: The paper's optimiser for the generator.
        discriminator_optimizer: The paper's optimiser for the discriminator.
        discriminator_steps: Discriminator steps for each generator step in the paper.
        divergence: What :meth:`estimate` equals when the discriminator is optimal, or None.
        per_sample_gradient: The penalty differentiates the critic at single samples, so that
            the critic must not mix the samples of a batch: architectures leave out its batch
            normalisation.
        unstable: A short training is not expected to improve the generator.
    """

    title: ClassVar[str]
    reference: ClassVar[str]
    generator_optimizer: ClassVar[Optimizer] = adam(2e-4, 0.5, 0.999)
    discriminator_optimizer: ClassVar[Optimizer] = adam(2e-4, 0.5, 0.999)
    discriminator_steps: ClassVar[int] = 1
    divergence: ClassVar[str | None] = None
    per_sample_gradient: ClassVar[bool] = False
    unstable: ClassVar[bool] = False

    @abstractmethod
    def discriminator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return what the discriminator minimises, given logits of real and fake samples."""

    @abstractmethod
    def generator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return what the generator minimises; most objectives ignore the real logits."""

    def penalty(self, critic: Critic, context: Context) -> Tensor | None:
        """Return what is added to the discriminator's loss, if anything."""
        return None

    def constrain(self, parameters: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        """Return the discriminator's parameters as they should be after each of its steps."""
        return parameters

    def estimate(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return the objective's own estimate of its divergence; larger is a worse fit.

        The default is the value of the discriminator's game: minus its loss.
        """
        return -self.discriminator_loss(real, fake)

    def optimal_logit(self, log_ratio: Tensor) -> Tensor | None:
        """Return the optimal discriminator's output where log(p/q) is ``log_ratio``.

        p is the density of the data and q that of the generator. None where no formula is known
        or the optimum is no function of the ratio, as for Wasserstein critics.
        """
        return None


def input_gradient(critic: Critic, samples: Tensor) -> Tensor:
    """Return the critic's gradient at each sample, shape ``[B, features]``.

    One gradient a sample: the sum over the batch has the per-sample gradients as its gradient,
    provided that the critic does not mix samples.
    """
    gradient: Tensor = torch.func.grad(lambda x: critic(x).sum())(samples)
    return gradient.flatten(start_dim=1)


def interpolate(context: Context) -> Tensor:
    """Return points between real and fake samples, one uniform weight a sample."""
    real, fake = context.real, context.fake
    weight = context.noise.uniform(len(real), *[1] * (real.ndim - 1))
    return real + weight * (fake - real)


def bounded_exp(exponent: Tensor, bound: float = 30.0) -> Tensor:
    """Return exp, which above ``bound`` goes on along its tangent.

    exp(100) is beyond float32, and so is the square of exp(44) in Adam's second moment.
    """
    tangent = exp(bound) * (1 + exponent - bound)
    # The clamp keeps the side not taken finite, whose gradient would be NaN otherwise.
    return torch.where(exponent < bound, exponent.clamp(max=bound).exp(), tangent)
