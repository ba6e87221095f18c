"""The DRAGAN penalty: a slope of k around the data (Kodali et al. 2017)."""

from dataclasses import dataclass
from math import sqrt

from torch import Tensor

from bench.techniques.base import Context, Critic, Penalty, slopes

_LAWS = ("code", "paper")


@dataclass(frozen=True)
class DRAGANPenalty(Penalty):
    """λ·E(‖∇D(x + δ)‖ − k)² near real samples x.

    The paper (section 2.5) draws δ ~ N(0, c·I) with c around 10, a variance that suits data of
    the scale of pixel values. The authors' code draws δ = u·½s·v instead, where s is the standard
    deviation of all numbers in the batch, v has an entry of its own from U(0, 1) for each number,
    and one u ~ U(0, 1) a sample picks a point on the way. The code's law follows the data's
    scale, and is the default.

    Attributes:
        weight: λ.
        k: The slope asked for.
        law: The law of δ: ``"code"`` or ``"paper"``.
        c: The paper's variance; the code's law has none.
    """

    title = "DRAGAN penalty"
    reference = "Kodali et al. 2017, On Convergence and Stability of GANs, arXiv:1705.07215"
    slope = "one"
    per_sample_gradient = True

    weight: float = 10.0
    k: float = 1.0
    law: str = "code"
    c: float = 10.0

    def __post_init__(self) -> None:
        """Raise ValueError if a setting is out of its range."""
        super().__post_init__()
        if self.k <= 0:
            raise ValueError(f"k is {self.k}; a slope to ask for is above 0")
        if self.law not in _LAWS:
            raise ValueError(f"law is {self.law!r}; it must be {' or '.join(map(repr, _LAWS))}")
        if self.c <= 0:
            raise ValueError(f"c is {self.c}; a variance is above 0")

    def penalty(self, critic: Critic, context: Context) -> Tensor:
        """Return λ·E(‖∇D(x + δ)‖ − k)²."""
        points = context.real + self.perturbation(context)
        return self.weight * (slopes(critic, points) - self.k).square().mean()

    def perturbation(self, context: Context) -> Tensor:
        """Return δ for each real sample, ``[B, ...]``."""
        real, noise = context.real, context.noise
        if self.law == "paper":
            return sqrt(self.c) * noise.normal(*real.shape)
        spread: Tensor = 0.5 * real.std(correction=0) * noise.uniform(*real.shape)
        return noise.uniform(len(real), *[1] * (real.ndim - 1)) * spread
