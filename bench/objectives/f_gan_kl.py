"""f-GAN of the Kullback-Leibler divergence (Nowozin et al. 2016)."""

from dataclasses import dataclass

from torch import Tensor

from bench.objectives.base import VariationalBound, bounded_exp


@dataclass(frozen=True)
class FGANKL(VariationalBound):
    """KL(p‖q): f(u) = u log u, f*(t) = exp(t − 1), g(v) = v; v − 1 is log p/q at the optimum.

    The exponential goes on along its tangent beyond v = 31.
    """

    title = "f-GAN, Kullback-Leibler"
    reference = "Nowozin, Cseke and Tomioka 2016, f-GAN, NIPS"
    divergence = "Kullback-Leibler divergence"

    def activation(self, logit: Tensor) -> Tensor:
        """Return v."""
        return logit

    def conjugate(self, logit: Tensor) -> Tensor:
        """Return exp(v − 1)."""
        return bounded_exp(logit - 1)

    def optimal_logit(self, log_ratio: Tensor) -> Tensor:
        """Return 1 + log p/q."""
        return 1 + log_ratio
