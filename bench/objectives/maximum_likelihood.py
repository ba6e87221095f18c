"""Maximum-likelihood GAN (Goodfellow 2016, section 3.2.4)."""

from dataclasses import dataclass

from torch import Tensor
from torch.nn.functional import softplus

from bench.objectives.base import Objective, adam, bounded_exp


@dataclass(frozen=True)
class MaximumLikelihood(Objective):
    """The minimax discriminator; the generator minimises −E exp(σ⁻¹(D(G(z)))).

    σ⁻¹(D) is the logit, and exp(logit) = D/(1 − D) is p/q at the optimal discriminator, which
    makes the expected gradient that of KL(p‖q). A few samples dominate each gradient.

    Attributes:
        max_logit: Above it the exponential goes on along its tangent.
    """

    title = "Maximum-likelihood GAN"
    reference = "Goodfellow 2016, NIPS 2016 Tutorial: Generative Adversarial Networks"
    generator_optimizer = adam(2e-4, 0.5, 0.999)
    discriminator_optimizer = adam(2e-4, 0.5, 0.999)
    divergence = "Kullback-Leibler divergence"
    caveat = "the mean logit is no bound, and as far off as the logits are"
    lower_bound = False
    classifies = True

    max_logit: float = 30.0

    def discriminator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return −E log D(x) − E log(1 − D(G(z)))."""
        return softplus(-real).mean() + softplus(fake).mean()

    def generator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return −E exp(logit), without the tutorial's factor ½."""
        return -bounded_exp(fake, self.max_logit).mean()

    def estimate(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return E logit over real samples: the logit is log(p/q) at the optimum."""
        return real.mean()

    def optimal_logit(self, log_ratio: Tensor) -> Tensor:
        """Return log p/q."""
        return log_ratio
