"""DRAGAN (Kodali et al. 2017)."""

from dataclasses import dataclass
from math import log

from torch import Tensor
from torch.nn.functional import softplus

from bench.objectives.base import Context, Critic, Objective, adam, slopes


@dataclass(frozen=True)
class DRAGAN(Objective):
    """The non-saturating GAN with λ·E(‖∇D(x̂)‖ − 1)² at points x̂ around real samples; D is a logit.

    x̂ = x + α·½s·u as in the authors' code: s is the batch's standard deviation over all values,
    u uniform in [0, 1) a value and α uniform in [0, 1) a sample. The paper's text has
    x̂ = x + N(0, c) instead, with c in the units of its data. The penalty keeps the discriminator
    from log p/q: the estimate stays a lower bound of the Jensen-Shannon divergence, the less
    tight the larger λ. It rules no slope away from the data, where fast steps throw the generator
    far off at times before it comes back.

    Attributes:
        penalty_weight: λ.
        perturbation: ½, how far x̂ is from x in standard deviations.
    """

    title = "DRAGAN"
    reference = "Kodali et al. 2017, On Convergence and Stability of GANs, arXiv:1705.07215"
    generator_optimizer = adam(1e-4, 0.5, 0.9)
    discriminator_optimizer = adam(1e-4, 0.5, 0.9)
    divergence = "Jensen-Shannon divergence"
    caveat = "the penalty keeps the discriminator from its optimum"
    classifies = True
    slope = "one"
    per_sample_gradient = True
    unstable = True

    penalty_weight: float = 10.0
    perturbation: float = 0.5

    def discriminator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return −E log σ(D(x)) − E log(1 − σ(D(G(z))))."""
        return softplus(-real).mean() + softplus(fake).mean()

    def generator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return −E log σ(D(G(z)))."""
        return softplus(-fake).mean()

    def penalty(self, critic: Critic, context: Context) -> Tensor:
        """Return λ·E(‖∇D(x̂)‖ − 1)²."""
        real = context.real
        share = context.noise.uniform(len(real), *[1] * (real.ndim - 1))
        offset = self.perturbation * real.std(correction=0) * context.noise.uniform(*real.shape)
        norm = slopes(critic, real + share * offset)
        return self.penalty_weight * (norm - 1).square().mean()

    def estimate(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return V/2 + log 2, at most the Jensen-Shannon divergence for any discriminator."""
        return log(2) - self.discriminator_loss(real, fake) / 2

    def optimal_logit(self, log_ratio: Tensor) -> Tensor:
        """Return log p/q (without the penalty)."""
        return log_ratio
