"""Non-saturating GAN with the R1 penalty (Mescheder et al. 2018)."""

from dataclasses import dataclass
from math import log

from torch import Tensor
from torch.nn.functional import softplus

from bench.objectives.base import Context, Critic, Objective, rmsprop, squared_slopes


@dataclass(frozen=True)
class R1NonSaturating(Objective):
    """The non-saturating GAN with γ/2·E‖∇D(x)‖² at real samples; D is a logit.

    The penalty keeps the discriminator from log p/q: the estimate stays a lower bound of the
    Jensen-Shannon divergence, the less tight the larger γ.

    Attributes:
        gamma: γ.
    """

    title = "Non-saturating GAN + R1"
    reference = (
        "Mescheder, Geiger and Nowozin 2018, Which Training Methods for GANs do actually "
        "Converge?, ICML"
    )
    generator_optimizer = rmsprop(1e-4)
    discriminator_optimizer = rmsprop(1e-4)
    divergence = "Jensen-Shannon divergence"
    caveat = "the penalty keeps the discriminator from its optimum"
    classifies = True
    slope = "zero"
    per_sample_gradient = True

    gamma: float = 10.0

    def discriminator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return −E log σ(D(x)) − E log(1 − σ(D(G(z))))."""
        return softplus(-real).mean() + softplus(fake).mean()

    def generator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return −E log σ(D(G(z)))."""
        return softplus(-fake).mean()

    def penalty(self, critic: Critic, context: Context) -> Tensor:
        """Return γ/2·E‖∇D(x)‖², squared gradient norms summed over features."""
        return self.gamma / 2 * squared_slopes(critic, context.real).mean()

    def estimate(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return V/2 + log 2, at most the Jensen-Shannon divergence for any discriminator."""
        return log(2) - self.discriminator_loss(real, fake) / 2

    def optimal_logit(self, log_ratio: Tensor) -> Tensor:
        """Return log p/q (without the penalty)."""
        return log_ratio
