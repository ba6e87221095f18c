"""Relativistic pairing GAN with R1 and R2 (Huang et al. 2024)."""

from dataclasses import dataclass
from math import log

import torch
from torch import Tensor
from torch.nn.functional import softplus

from bench.objectives.base import Context, Critic, Objective, adam, squared_slopes


@dataclass(frozen=True)
class RpGANR1R2(Objective):
    """Each real sample is compared with one fake; zero-centred penalties at both.

    Attributes:
        gamma: γ, the weight of γ/2·(E‖∇D(x)‖² + E‖∇D(G(z))‖²).
    """

    title = "RpGAN + R1 + R2"
    reference = "Huang et al. 2024, The GAN is dead; long live the GAN!, NeurIPS"
    generator_optimizer = adam(2e-4, 0.0, 0.99)
    discriminator_optimizer = adam(2e-4, 0.0, 0.99)
    divergence = "Jensen-Shannon divergence between p⊗q and q⊗p"
    caveat = "the penalty keeps the discriminator from its optimum"
    shift_invariant = True
    slope = "zero"
    per_sample_gradient = True

    gamma: float = 1.0

    def discriminator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return E softplus(−(D(x) − D(G(z)))), paired by position in the batch."""
        return softplus(fake - real).mean()

    def generator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return E softplus(−(D(G(z)) − D(x)))."""
        return softplus(real - fake).mean()

    def penalty(self, critic: Critic, context: Context) -> Tensor:
        """Return γ/2·(R1 + R2), squared gradient norms summed over features."""
        both = torch.cat([context.real, context.fake])
        # The mean over as many real as fake samples is (R1 + R2)/2.
        return self.gamma * squared_slopes(critic, both).mean()

    def estimate(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return log 2 − L: at the optimum, log(p/q) + constant, L = log 2 − JSD."""
        return log(2) - self.discriminator_loss(real, fake)

    def optimal_logit(self, log_ratio: Tensor) -> Tensor:
        """Return log p/q, which is unique up to a constant (without the penalty)."""
        return log_ratio
