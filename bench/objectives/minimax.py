"""Minimax GAN (Goodfellow et al. 2014, equation 1)."""

from dataclasses import dataclass
from math import log

from torch import Tensor
from torch.nn.functional import softplus

from bench.objectives.base import Objective, sgd


@dataclass(frozen=True)
class Minimax(Objective):
    """V = E log D(x) + E log(1 − D(G(z))); the generator minimises V.

    Its gradient with respect to a fake logit is −σ(logit): it vanishes where the discriminator
    rejects with confidence. The paper trains with momentum and one discriminator step; rate and
    momentum are where its code starts.
    """

    title = "Minimax GAN"
    reference = "Goodfellow et al. 2014, Generative Adversarial Nets, NIPS"
    generator_optimizer = sgd(0.1, momentum=0.5)
    discriminator_optimizer = sgd(0.1, momentum=0.5)
    divergence = "Jensen-Shannon divergence"
    classifies = True

    def discriminator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return −V, with log D = −softplus(−logit) and log(1 − D) = −softplus(logit)."""
        return softplus(-real).mean() + softplus(fake).mean()

    def generator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return E log(1 − D(G(z)))."""
        return -softplus(fake).mean()

    def estimate(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return V/2 + log 2, since V = 2·JSD − log 4 for the optimal discriminator."""
        return log(2) - self.discriminator_loss(real, fake) / 2

    def optimal_logit(self, log_ratio: Tensor) -> Tensor:
        """Return log p/q."""
        return log_ratio
