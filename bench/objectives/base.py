"""What an objective is. All that a plugin imports.

An objective is written for **one** discriminator and **one** generator, as in its paper. The
engine batches it over seeds, so the code must be functional: no in-place change of its inputs,
no branch on the value of a tensor, no global randomness. What it can add to its two losses
(penalties, constraints, a state, other networks) is in :class:`bench.components.Component`.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from bench.calculus import (
    bounded_exp,
    distances,
    input_gradient,
    interpolate,
    slopes,
    spectral_next,
    spectral_normalised,
    spectral_start,
    squared_distances,
    squared_slopes,
)
from bench.components import Component, Context, Critic, Needs, Noise, Tensors
from bench.optimizers import Optimizer, adam, rmsprop, sgd

__all__ = [
    "Context",
    "Critic",
    "Needs",
    "Noise",
    "Objective",
    "Optimizer",
    "Tensors",
    "VariationalBound",
    "adam",
    "bounded_exp",
    "distances",
    "input_gradient",
    "interpolate",
    "rmsprop",
    "sgd",
    "slopes",
    "spectral_next",
    "spectral_normalised",
    "spectral_start",
    "squared_distances",
    "squared_slopes",
]


@dataclass(frozen=True)
class Objective(Component):
    """What discriminator and generator each minimise.

    A subclass is a frozen dataclass whose fields are the hyper-parameters, with the paper's
    values as defaults. Losses take logits of shape ``[B]`` and return a scalar; they stay finite
    in float32 for logits between −100 and 100. (Where :meth:`needs` asks for several outputs a
    sample, they take ``[B, outputs]``; where for an autoencoder, its error at each sample.)

    Class attributes, besides those of :class:`bench.components.Component`:
        generator_optimizer: The paper's optimiser for the generator.
        discriminator_optimizer: The paper's optimiser for the discriminator.
        discriminator_steps: Discriminator steps for each generator step in the paper.
        divergence: What :meth:`estimate` equals when the discriminator is optimal, or None. Names
            that ``bench.calibration.divergences`` knows are compared with the truth.
        classifies: The discriminator tells two labels apart, each by a term of its own, so that
            labels can be smoothed or confused.
        caveat: Why a trained discriminator's estimate is off its divergence, where theory says.
        lower_bound: :meth:`estimate` is at most its divergence, whatever the discriminator.
        shift_invariant: Adding a constant to all logits changes nothing, so that the optimal
            discriminator is unique up to one.
        unstable: A short training is not expected to improve the generator.
    """

    generator_optimizer: ClassVar[Optimizer] = adam(2e-4, 0.5, 0.999)
    discriminator_optimizer: ClassVar[Optimizer] = adam(2e-4, 0.5, 0.999)
    discriminator_steps: ClassVar[int] = 1
    divergence: ClassVar[str | None] = None
    classifies: ClassVar[bool] = False
    caveat: ClassVar[str] = ""
    lower_bound: ClassVar[bool] = True
    shift_invariant: ClassVar[bool] = False
    unstable: ClassVar[bool] = False

    @abstractmethod
    def discriminator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return what the discriminator minimises, given logits of real and fake samples."""

    @abstractmethod
    def generator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return what the generator minimises; most objectives ignore the real logits."""

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


@dataclass(frozen=True)
class VariationalBound(Objective):
    """An f-GAN (Nowozin et al. 2016): E_p T − E_q f*(T) ≤ D_f(p‖q) = E_q f(p/q).

    T = g(v), where the activation g maps a logit v to where the conjugate f* is finite. The bound
    is tight at T = f′(p/q). Exponentials go on along their tangent beyond the logits that an
    objective names; out there its value is no bound.

    Attributes:
        alternative: The generator maximises E g(v) instead of minimising the bound (section 3.2).
    """

    classifies = True

    alternative: bool = False

    @abstractmethod
    def activation(self, logit: Tensor) -> Tensor:
        """Return g(v) at each logit v."""

    @abstractmethod
    def conjugate(self, logit: Tensor) -> Tensor:
        """Return f*(g(v)) at each logit v, as one formula."""

    def discriminator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return −(E g(v(x)) − E f*(g(v(G(z)))))."""
        return self.conjugate(fake).mean() - self.activation(real).mean()

    def generator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return −E f*(g(v(G(z)))), or −E g(v(G(z)))."""
        terms = self.activation(fake) if self.alternative else self.conjugate(fake)
        return -terms.mean()
