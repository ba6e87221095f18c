"""Cramér GAN (Bellemare et al. 2017, algorithm 1)."""

from dataclasses import dataclass

import torch
from torch import Tensor

from bench.objectives.base import (
    Context,
    Critic,
    Needs,
    Objective,
    adam,
    distances,
    interpolate,
    slopes,
)


@dataclass(frozen=True)
class CramerGAN(Objective):
    """The energy distance between learned features h(x); their norm stands for a second real one.

    The critic maximises E f(x) − E f(G(z)) with f(x) = E‖h(x) − h(G(z'))‖ − ‖h(x)‖, with WGAN-GP's
    penalty on the slope of f. This is algorithm 1 with the mean over all pairs of a batch where it
    takes one pair a sample: all different pairs of fakes, and in the penalty all fakes. The
    generator's loss is the algorithm's less E‖h(x) − h(x')‖, which it cannot change, and so is the
    energy distance itself.

    The distance is one between learned features, which no divergence of the samples bounds.
    Batches have at least two samples.

    Attributes:
        outputs: Dimension of h; the paper's is 256.
        penalty_weight: λ.
    """

    title = "Cramér GAN"
    reference = (
        "Bellemare et al. 2017, The Cramer Distance as a Solution to Biased Wasserstein "
        "Gradients, arXiv:1705.10743"
    )
    generator_optimizer = adam(1e-4, 0.5, 0.9)
    discriminator_optimizer = adam(1e-4, 0.5, 0.9)
    discriminator_steps = 5
    slope = "one"
    per_sample_gradient = True

    outputs: int = 64
    penalty_weight: float = 10.0

    def needs(self) -> Needs:
        """Return that the discriminator is h."""
        return Needs(outputs=self.outputs)

    def discriminator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return E f(G(z)) − E f(x)."""
        gap = distances(real, fake).mean() - _within(fake)
        return _norms(real).mean() - _norms(fake).mean() - gap

    def generator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return 2E‖h(x) − h(G(z))‖ − E‖h(x) − h(x')‖ − E‖h(G(z)) − h(G(z'))‖."""
        return 2 * distances(real, fake).mean() - _within(real) - _within(fake)

    def penalty(self, critic: Critic, context: Context) -> Tensor:
        """Return λ·E(‖∇f(x̂)‖ − 1)² at points x̂ between real and fake samples."""

        def witness(samples: Tensor) -> Tensor:
            features = critic(samples)
            return distances(features, context.fake_logits).mean(dim=1) - _norms(features)

        norm = slopes(witness, interpolate(context))
        return self.penalty_weight * (norm - 1).square().mean()

    def estimate(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return the energy distance between the features, without bias."""
        return self.generator_loss(real, fake)


def _within(features: Tensor) -> Tensor:
    """Return the mean distance between different samples of a batch."""
    count = len(features)
    return distances(features, features).sum() / (count * (count - 1))


def _norms(features: Tensor) -> Tensor:
    return distances(features, torch.zeros_like(features[:1])).squeeze(1)
