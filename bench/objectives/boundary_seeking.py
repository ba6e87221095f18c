"""Boundary-seeking GAN for continuous data (Hjelm et al. 2018)."""

from dataclasses import dataclass
from math import log

from torch import Tensor
from torch.nn.functional import softplus

from bench.objectives.base import Objective, adam


@dataclass(frozen=True)
class BoundarySeeking(Objective):
    """The minimax discriminator; the generator seeks its decision boundary, logit 0.

    Where the discriminator takes a fake for real the generator moves back to the boundary: at the
    optimal discriminator it descends E_q (log p/q)²/2 with the ratio held fixed, which is no
    divergence. The estimate is the Jensen-Shannon divergence that the discriminator's value gives.
    """

    title = "Boundary-seeking GAN"
    reference = "Hjelm et al. 2018, Boundary-Seeking Generative Adversarial Networks, ICLR"
    generator_optimizer = adam(1e-4, 0.5, 0.999)
    discriminator_optimizer = adam(1e-4, 0.5, 0.999)
    divergence = "Jensen-Shannon divergence"
    classifies = True

    def discriminator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return −E log D(x) − E log(1 − D(G(z)))."""
        return softplus(-real).mean() + softplus(fake).mean()

    def generator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return ½E(log D(G(z)) − log(1 − D(G(z))))², half the mean square of the logit."""
        return fake.square().mean() / 2

    def estimate(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return V/2 + log 2, since V = 2·JSD − log 4 for the optimal discriminator."""
        return log(2) - self.discriminator_loss(real, fake) / 2

    def optimal_logit(self, log_ratio: Tensor) -> Tensor:
        """Return log p/q."""
        return log_ratio
