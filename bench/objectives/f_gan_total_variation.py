"""f-GAN of the total variation distance (Nowozin et al. 2016)."""

from dataclasses import dataclass

import torch
from torch import Tensor

from bench.objectives.base import VariationalBound


@dataclass(frozen=True)
class FGANTotalVariation(VariationalBound):
    """½∫|p − q|: f(u) = ½|u − 1|, f*(t) = t for |t| ≤ ½, g(v) = ½ tanh v.

    f* is the identity, so that ``alternative`` changes nothing.
    """

    title = "f-GAN, total variation"
    reference = "Nowozin, Cseke and Tomioka 2016, f-GAN, NIPS"
    divergence = "total variation distance"

    def activation(self, logit: Tensor) -> Tensor:
        """Return ½ tanh v."""
        # σ(−2|v|) keeps the precision of a small slope, which 1 − tanh² rounds to zero.
        return torch.where(logit < 0, (2 * logit).sigmoid() - 0.5, 0.5 - (-2 * logit).sigmoid())

    def conjugate(self, logit: Tensor) -> Tensor:
        """Return ½ tanh v."""
        return self.activation(logit)

    def optimal_logit(self, log_ratio: Tensor) -> Tensor:
        """Return ±100 for the ±∞ at which g is ½ sign(p − q)."""
        return 100 * log_ratio.sign()
