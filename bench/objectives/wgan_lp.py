"""Wasserstein GAN with a one-sided gradient penalty (Petzka et al. 2018)."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import relu

from bench.objectives.base import Context, Critic, Objective, interpolate, rmsprop, slopes


@dataclass(frozen=True)
class WGANLP(Objective):
    """The WGAN critic with λ·E max(0, ‖∇D(x̂)‖ − 1)² at points x̂ between real and fake samples.

    Slopes below one cost nothing, as a 1-Lipschitz function may have them. Optimiser and step
    ratio are those of the paper's 2-D experiments.

    Attributes:
        penalty_weight: λ.
    """

    title = "WGAN-LP"
    reference = "Petzka et al. 2018, On the regularization of Wasserstein GANs, ICLR"
    generator_optimizer = rmsprop(5e-5)
    discriminator_optimizer = rmsprop(5e-5)
    discriminator_steps = 5
    divergence = "1-Wasserstein distance"
    caveat = "the gap is inverted as between translates"
    lower_bound = False
    slope = "at most one"
    per_sample_gradient = True

    penalty_weight: float = 10.0

    def discriminator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return E D(G(z)) − E D(x)."""
        return fake.mean() - real.mean()

    def generator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return −E D(G(z))."""
        return -fake.mean()

    def penalty(self, critic: Critic, context: Context) -> Tensor:
        """Return λ·E max(0, ‖∇D(x̂)‖ − 1)²."""
        excess = relu(slopes(critic, interpolate(context)) - 1)
        return self.penalty_weight * excess.square().mean()

    def estimate(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return λ(√(1 + 2g/λ) − 1) for the gap g = E D(x) − E D(G(z)).

        Between translates at the distance W, the slope s that maximises sW − λ max(0, s − 1)² is
        1 + W/2λ: above one, so that the gap is WGAN-GP's, W(1 + W/2λ). A negative gap is returned
        as it is.
        """
        gap = real.mean() - fake.mean()
        root = torch.sqrt(1 + 2 * gap.clamp(min=0) / self.penalty_weight)
        return self.penalty_weight * (root - 1) + gap.clamp(max=0)
