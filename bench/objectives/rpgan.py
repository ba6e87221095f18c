"""Relativistic pairing GAN (Jolicoeur-Martineau 2019)."""

from dataclasses import dataclass
from math import log

from torch import Tensor
from torch.nn.functional import softplus

from bench.objectives.base import Objective, adam


@dataclass(frozen=True)
class RpGAN(Objective):
    """Each real sample is compared with one fake, by both players: pairs by place in the batch.

    The paper's RSGAN, without a penalty.
    """

    title = "Relativistic pairing GAN"
    reference = "Jolicoeur-Martineau 2019, The relativistic discriminator, ICLR"
    generator_optimizer = adam(2e-4, 0.5, 0.999)
    discriminator_optimizer = adam(2e-4, 0.5, 0.999)
    divergence = "Jensen-Shannon divergence between p⊗q and q⊗p"
    shift_invariant = True

    def discriminator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return −E log σ(C(x) − C(G(z)))."""
        return softplus(fake - real).mean()

    def generator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return −E log σ(C(G(z)) − C(x))."""
        return softplus(real - fake).mean()

    def estimate(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return log 2 − L: at the optimum L = log 2 − JSD."""
        return log(2) - self.discriminator_loss(real, fake)

    def optimal_logit(self, log_ratio: Tensor) -> Tensor:
        """Return log p/q, which is unique up to a constant."""
        return log_ratio
