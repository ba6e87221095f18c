"""f-GAN of the Jensen-Shannon divergence (Nowozin et al. 2016)."""

from dataclasses import dataclass
from math import log

from torch import Tensor
from torch.nn.functional import softplus

from bench.objectives.base import VariationalBound


@dataclass(frozen=True)
class FGANJS(VariationalBound):
    """2·JSD: f(u) = u log u − (u + 1) log((1 + u)/2), g(v) = log 2 − softplus(−v).

    f*(t) = −log(2 − exp t). The bound is the minimax GAN's value plus log 4, twice what is usually
    called the Jensen-Shannon divergence; the gradients are the minimax GAN's, and with
    ``alternative`` the non-saturating GAN's.
    """

    title = "f-GAN, Jensen-Shannon"
    reference = "Nowozin, Cseke and Tomioka 2016, f-GAN, NIPS"
    divergence = "Jensen-Shannon divergence"

    def activation(self, logit: Tensor) -> Tensor:
        """Return log 2σ(v)."""
        return log(2) - softplus(-logit)

    def conjugate(self, logit: Tensor) -> Tensor:
        """Return −log(2 − 2σ(v))."""
        return softplus(logit) - log(2)

    def estimate(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return half the bound, which is 2·JSD at the optimum."""
        return -self.discriminator_loss(real, fake) / 2

    def optimal_logit(self, log_ratio: Tensor) -> Tensor:
        """Return log p/q."""
        return log_ratio
