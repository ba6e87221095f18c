"""f-GAN of the reverse Kullback-Leibler divergence (Nowozin et al. 2016)."""

from dataclasses import dataclass

from torch import Tensor

from bench.objectives.base import VariationalBound, bounded_exp


@dataclass(frozen=True)
class FGANReverseKL(VariationalBound):
    """KL(q‖p): f(u) = −log u, f*(t) = −1 − log(−t), g(v) = −exp(−v).

    The exponential goes on along its tangent below v = −30.
    """

    title = "f-GAN, reverse Kullback-Leibler"
    reference = "Nowozin, Cseke and Tomioka 2016, f-GAN, NIPS"
    divergence = "reverse Kullback-Leibler divergence"

    def activation(self, logit: Tensor) -> Tensor:
        """Return −exp(−v)."""
        return -bounded_exp(-logit)

    def conjugate(self, logit: Tensor) -> Tensor:
        """Return −1 − log exp(−v) = v − 1."""
        return logit - 1

    def optimal_logit(self, log_ratio: Tensor) -> Tensor:
        """Return log p/q."""
        return log_ratio
