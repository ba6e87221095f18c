"""Maximum-likelihood GAN (Goodfellow 2016, section 3.2.4)."""

from dataclasses import dataclass
from math import exp

import torch
from torch import Tensor
from torch.nn.functional import softplus

from bench.objectives.base import Objective, adam


@dataclass(frozen=True)
class MaximumLikelihood(Objective):
    """The minimax discriminator; the generator minimises −E exp(σ⁻¹(D(G(z)))).

    σ⁻¹(D) is the logit, and exp(logit) = D/(1 − D) is p/q at the optimal discriminator, which
    makes the expected gradient that of KL(p‖q). A few samples dominate each gradient.

    Attributes:
        max_logit: Above it the exponential goes on along its tangent: exp(100) is beyond
            float32, and so is the square of exp(44) in Adam's second moment.
    """

    title = "Maximum-likelihood GAN"
    reference = "Goodfellow 2016, NIPS 2016 Tutorial: Generative Adversarial Networks"
    generator_optimizer = adam(2e-4, 0.5, 0.999)
    discriminator_optimizer = adam(2e-4, 0.5, 0.999)
    divergence = "Kullback-Leibler divergence KL(p‖q), by E log(p/q) over real samples"

    max_logit: float = 30.0

    def discriminator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return −E log D(x) − E log(1 − D(G(z)))."""
        return softplus(-real).mean() + softplus(fake).mean()

    def generator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return −E exp(logit), without the tutorial's factor ½."""
        bound = self.max_logit
        tangent = exp(bound) * (1 + fake - bound)
        # The clamp keeps the side not taken finite, whose gradient would be NaN otherwise.
        return -torch.where(fake < bound, fake.clamp(max=bound).exp(), tangent).mean()

    def estimate(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return E logit over real samples: the logit is log(p/q) at the optimum."""
        return real.mean()
