"""f-GAN of the Pearson χ² divergence (Nowozin et al. 2016)."""

from dataclasses import dataclass

from torch import Tensor

from bench.objectives.base import VariationalBound


@dataclass(frozen=True)
class FGANPearson(VariationalBound):
    """∫(p − q)²/q: f(u) = (u − 1)², f*(t) = t²/4 + t, g(v) = v.

    The bound's gradient with respect to a fake logit is −(v/2 + 1): below v = −2, where no optimal
    discriminator goes, the generator would lower the logit further.
    """

    title = "f-GAN, Pearson χ²"
    reference = "Nowozin, Cseke and Tomioka 2016, f-GAN, NIPS"
    divergence = "Pearson chi-squared divergence"

    def activation(self, logit: Tensor) -> Tensor:
        """Return v."""
        return logit

    def conjugate(self, logit: Tensor) -> Tensor:
        """Return v²/4 + v."""
        return logit.square() / 4 + logit

    def optimal_logit(self, log_ratio: Tensor) -> Tensor:
        """Return 2(p/q − 1)."""
        return 2 * log_ratio.expm1()
