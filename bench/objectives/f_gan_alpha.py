"""f-GAN of the α-divergences (Nowozin et al. 2016, appendix)."""

from dataclasses import dataclass

from torch import Tensor

from bench.objectives.base import VariationalBound, bounded_exp


@dataclass(frozen=True)
class FGANAlpha(VariationalBound):
    """D_α(p‖q) = (∫p^α q^(1−α) − 1)/(α(α − 1)): f(u) = (u^α − 1 − α(u − 1))/(α(α − 1)).

    This is the convention of Cichocki and Amari 2010. The limits are KL(p‖q) at α = 1 and KL(q‖p)
    at α = 0; α = 2 is half of Pearson's χ², α = −1 half of Neyman's, and α = ½ twice the squared
    Hellinger distance ∫(√p − √q)². f*(t) = ((1 + (α − 1)t)^(α/(α−1)) − 1)/α.

    The activation is f′(exp v), for which the logit is log p/q at the optimum whatever α; the
    paper's table has others, on either side of 1. The exponentials go on along their tangents
    beyond |v| = 30/max(|α|, |1 − α|), both from there, so that an optimum within stays in place.

    Attributes:
        alpha: α, from −2 to 3 and at least 0.05 from 0 and 1; the paper gives no value.
    """

    title = "f-GAN, α-divergence"
    reference = "Nowozin, Cseke and Tomioka 2016, f-GAN, NIPS"
    divergence = "alpha-divergence"

    alpha: float = 0.75

    def __post_init__(self) -> None:
        """Refuse an α near the limits, where digits cancel, or of too steep exponentials."""
        if not (-2 <= self.alpha <= 3 and min(abs(self.alpha), abs(1 - self.alpha)) >= 0.05):
            raise ValueError(
                f"alpha is {self.alpha}; it must be between -2 and 3 and at least 0.05 from 0 and "
                "1, for which there are f-gan-reverse-kl and f-gan-kl"
            )

    def activation(self, logit: Tensor) -> Tensor:
        """Return (exp((α − 1)v) − 1)/(α − 1)."""
        return self._power(self.alpha - 1, logit)

    def conjugate(self, logit: Tensor) -> Tensor:
        """Return (exp(αv) − 1)/α."""
        return self._power(self.alpha, logit)

    def optimal_logit(self, log_ratio: Tensor) -> Tensor:
        """Return log p/q."""
        return log_ratio

    def _power(self, exponent: float, logit: Tensor) -> Tensor:
        """Return (exp(exponent·v) − 1)/exponent."""
        bound = 30 * abs(exponent) / max(abs(self.alpha), abs(1 - self.alpha))
        return (bounded_exp(exponent * logit, bound) - 1) / exponent
