"""Relativistic average GAN (Jolicoeur-Martineau 2019)."""

from dataclasses import dataclass
from math import log

from torch import Tensor
from torch.nn.functional import softplus

from bench.objectives.base import Objective, adam


@dataclass(frozen=True)
class RaGAN(Objective):
    """Each sample is compared with the mean over the batch of the other kind, by both players.

    The paper's RaSGAN. log 4 − L at the optimum is a divergence (Jolicoeur-Martineau 2020, On
    Relativistic f-Divergences) without a closed form, and hardly a measure: where p/q and q/p are
    unbounded it is log 4 however alike p and q are, since large outputs at a few samples set both
    means. The optimal critic is no function of p/q alone.
    """

    title = "Relativistic average GAN"
    reference = "Jolicoeur-Martineau 2019, The relativistic discriminator, ICLR"
    generator_optimizer = adam(2e-4, 0.5, 0.999)
    discriminator_optimizer = adam(2e-4, 0.5, 0.999)
    shift_invariant = True

    def discriminator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return −E log σ(C(x) − E C(G(z))) − E log(1 − σ(C(G(z)) − E C(x)))."""
        return softplus(fake.mean() - real).mean() + softplus(fake - real.mean()).mean()

    def generator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return the same with real and fake exchanged."""
        return self.discriminator_loss(fake, real)

    def estimate(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return log 4 − L, which is 0 for a critic that tells nothing apart."""
        return log(4) - self.discriminator_loss(real, fake)
