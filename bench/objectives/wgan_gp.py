"""Wasserstein GAN with gradient penalty (Gulrajani et al. 2017, algorithm 1)."""

from dataclasses import dataclass

import torch
from torch import Tensor

from bench.objectives.base import Context, Critic, Objective, adam, interpolate, slopes


@dataclass(frozen=True)
class WGANGP(Objective):
    """The WGAN critic with λ·E(‖∇D(x̂)‖ − 1)² at points x̂ between real and fake samples.

    Attributes:
        penalty_weight: λ. The paper's is 10; its 2-D toys use 0.1.
    """

    title = "WGAN-GP"
    reference = "Gulrajani et al. 2017, Improved Training of Wasserstein GANs, NIPS"
    generator_optimizer = adam(1e-4, 0.0, 0.9)
    discriminator_optimizer = adam(1e-4, 0.0, 0.9)
    discriminator_steps = 5
    divergence = "1-Wasserstein distance"
    caveat = "the gap is inverted as between translates, and a slope can be stuck on its sign"
    lower_bound = False
    slope = "one"
    per_sample_gradient = True

    penalty_weight: float = 10.0

    def discriminator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return E D(G(z)) − E D(x)."""
        return fake.mean() - real.mean()

    def generator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return −E D(G(z))."""
        return -fake.mean()

    def penalty(self, critic: Critic, context: Context) -> Tensor:
        """Return λ·E(‖∇D(x̂)‖ − 1)², one gradient and one interpolation weight a sample."""
        norm = slopes(critic, interpolate(context))
        return self.penalty_weight * (norm - 1).square().mean()

    def estimate(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return λ(√(1 + 2g/λ) − 1) for the gap g = E D(x) − E D(G(z)).

        The penalty lets slopes exceed one, so that the gap is W(1 + W/2λ), exactly so between
        translates; this inverts it. A negative gap is returned as it is.
        """
        gap = real.mean() - fake.mean()
        root = torch.sqrt(1 + 2 * gap.clamp(min=0) / self.penalty_weight)
        return self.penalty_weight * (root - 1) + gap.clamp(max=0)
