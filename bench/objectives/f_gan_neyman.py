"""f-GAN of the Neyman χ² divergence (Nowozin et al. 2016)."""

from dataclasses import dataclass

from torch import Tensor

from bench.objectives.base import VariationalBound, bounded_exp


@dataclass(frozen=True)
class FGANNeyman(VariationalBound):
    """∫(p − q)²/p: f(u) = (1 − u)²/u, f*(t) = 2 − 2√(1 − t), g(v) = 1 − exp(−v).

    The exponentials go on along their tangents below v = −30, both from there, so that an optimum
    above stays in place.
    """

    title = "f-GAN, Neyman χ²"
    reference = "Nowozin, Cseke and Tomioka 2016, f-GAN, NIPS"
    divergence = "Neyman chi-squared divergence"

    def activation(self, logit: Tensor) -> Tensor:
        """Return 1 − exp(−v)."""
        return 1 - bounded_exp(-logit, 30)

    def conjugate(self, logit: Tensor) -> Tensor:
        """Return 2 − 2√exp(−v) = 2 − 2 exp(−v/2)."""
        return 2 - 2 * bounded_exp(-logit / 2, 15)

    def optimal_logit(self, log_ratio: Tensor) -> Tensor:
        """Return 2 log p/q, where g is 1 − (q/p)²."""
        return 2 * log_ratio
