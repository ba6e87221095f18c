"""Relativistic average least-squares GAN (Jolicoeur-Martineau 2019)."""

from dataclasses import dataclass

from torch import Tensor

from bench.objectives.base import Objective, adam


@dataclass(frozen=True)
class RaLSGAN(Objective):
    """The distance to the other batch's mean is to be 1, for both players in both batches.

    The optimal critic is s·(p − q)/(p + q) plus any constant, s = 4/(2 + 3·LeCam), and so no
    function of p/q alone.
    """

    title = "Relativistic average least-squares GAN"
    reference = "Jolicoeur-Martineau 2019, The relativistic discriminator, ICLR"
    generator_optimizer = adam(2e-4, 0.5, 0.999)
    discriminator_optimizer = adam(2e-4, 0.5, 0.999)
    divergence = "Vincze-Le Cam divergence"
    shift_invariant = True

    def discriminator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return E(C(x) − E C(G(z)) − 1)² + E(C(G(z)) − E C(x) + 1)²."""
        above, below = real - fake.mean(), fake - real.mean()
        return (above - 1).square().mean() + (below + 1).square().mean()

    def generator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return the same with real and fake exchanged."""
        return self.discriminator_loss(fake, real)

    def estimate(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return (4 − 2L)/(2 + 3L): at the optimum L = 2(2 − LeCam)/(2 + 3·LeCam)."""
        loss = self.discriminator_loss(real, fake)
        return (4 - 2 * loss) / (2 + 3 * loss)
