"""f-GAN of the squared Hellinger distance (Nowozin et al. 2016)."""

from dataclasses import dataclass

from torch import Tensor

from bench.objectives.base import VariationalBound, bounded_exp


@dataclass(frozen=True)
class FGANSquaredHellinger(VariationalBound):
    """∫(√p − √q)², between 0 and 2: f(u) = (√u − 1)², f*(t) = t/(1 − t), g(v) = 1 − exp(−v).

    The exponentials go on along their tangents beyond |v| = 30.
    """

    title = "f-GAN, squared Hellinger"
    reference = "Nowozin, Cseke and Tomioka 2016, f-GAN, NIPS"
    divergence = "squared Hellinger distance"

    def activation(self, logit: Tensor) -> Tensor:
        """Return 1 − exp(−v)."""
        return 1 - bounded_exp(-logit)

    def conjugate(self, logit: Tensor) -> Tensor:
        """Return (1 − exp(−v))/exp(−v) = exp(v) − 1."""
        return bounded_exp(logit) - 1

    def optimal_logit(self, log_ratio: Tensor) -> Tensor:
        """Return ½ log p/q, where g is 1 − √(q/p)."""
        return log_ratio / 2
