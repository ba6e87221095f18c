"""Hinge GAN (Lim and Ye 2017; Tran et al. 2017; Miyato et al. 2018)."""

from dataclasses import dataclass

from torch import Tensor
from torch.nn.functional import relu

from bench.objectives.base import Objective, adam


@dataclass(frozen=True)
class Hinge(Objective):
    """A margin of one for the discriminator; the generator raises its mean output.

    Optimiser and step ratio are those of Miyato et al. 2018 (Adam 2e-4, five discriminator
    steps), whose paper made this loss the common one.
    """

    title = "Hinge GAN"
    reference = "Lim and Ye 2017, Geometric GAN; Miyato et al. 2018, Spectral Normalization, ICLR"
    generator_optimizer = adam(2e-4, 0.0, 0.9)
    discriminator_optimizer = adam(2e-4, 0.0, 0.9)
    discriminator_steps = 5
    divergence = "total variation distance"
    classifies = True

    def discriminator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return E max(0, 1 − D(x)) + E max(0, 1 + D(G(z)))."""
        return relu(1 - real).mean() + relu(1 + fake).mean()

    def generator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return −E D(G(z))."""
        return -fake.mean()

    def estimate(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return 1 − L/2: at the optimum, sign(p − q), L = 2 − 2·TV."""
        return 1 - self.discriminator_loss(real, fake) / 2

    def optimal_logit(self, log_ratio: Tensor) -> Tensor:
        """Return sign(p − q)."""
        return log_ratio.sign()
