"""Non-saturating GAN (Goodfellow et al. 2014, section 3; Radford et al. 2015)."""

from dataclasses import dataclass
from math import log

from torch import Tensor
from torch.nn.functional import softplus

from bench.objectives.base import Objective, adam


@dataclass(frozen=True)
class NonSaturating(Objective):
    """The minimax discriminator; the generator maximises E log D(G(z)) instead.

    Its gradient with respect to a fake logit is −(1 − σ(logit)): it stays where the
    discriminator rejects. At the optimal discriminator it descends KL(q‖p) − 2·JSD (Arjovsky and
    Bottou 2017), which is no divergence; the estimate is the Jensen-Shannon divergence that the
    discriminator's value gives, as in WGAN's figure 4.
    """

    title = "Non-saturating GAN"
    reference = "Goodfellow et al. 2014, Generative Adversarial Nets, NIPS (section 3)"
    generator_optimizer = adam(2e-4, 0.5, 0.999)
    discriminator_optimizer = adam(2e-4, 0.5, 0.999)
    divergence = "Jensen-Shannon divergence"
    classifies = True

    def discriminator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return −E log D(x) − E log(1 − D(G(z)))."""
        return softplus(-real).mean() + softplus(fake).mean()

    def generator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return −E log D(G(z)); never log(σ + ε), which saturates at a logit of −25."""
        return softplus(-fake).mean()

    def estimate(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return V/2 + log 2, since V = 2·JSD − log 4 for the optimal discriminator."""
        return log(2) - self.discriminator_loss(real, fake) / 2

    def optimal_logit(self, log_ratio: Tensor) -> Tensor:
        """Return log p/q."""
        return log_ratio
