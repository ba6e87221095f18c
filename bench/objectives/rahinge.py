"""Relativistic average hinge GAN (Jolicoeur-Martineau 2019)."""

from dataclasses import dataclass

from torch import Tensor
from torch.nn.functional import relu

from bench.objectives.base import Objective, adam


@dataclass(frozen=True)
class RaHinge(Objective):
    """A margin of one from the other batch's mean, for both players in both batches.

    2 − L at the optimum is a divergence (Jolicoeur-Martineau 2020, On Relativistic f-Divergences)
    without a closed form, and hardly a measure: where p/q and q/p are unbounded it is 2 however
    alike p and q are, since large outputs at a few samples set both means.
    """

    title = "Relativistic average hinge GAN"
    reference = "Jolicoeur-Martineau 2019, The relativistic discriminator, ICLR"
    generator_optimizer = adam(2e-4, 0.5, 0.999)
    discriminator_optimizer = adam(2e-4, 0.5, 0.999)
    shift_invariant = True

    def discriminator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return E max(0, 1 − (C(x) − E C(G(z)))) + E max(0, 1 + (C(G(z)) − E C(x)))."""
        return relu(1 - real + fake.mean()).mean() + relu(1 + fake - real.mean()).mean()

    def generator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return the same with real and fake exchanged."""
        return self.discriminator_loss(fake, real)

    def estimate(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return 2 − L, which is 0 for a critic that tells nothing apart."""
        return 2 - self.discriminator_loss(real, fake)
