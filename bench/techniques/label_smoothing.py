"""Label smoothing, one-sided or two-sided (Salimans et al. 2016, section 3.4)."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from bench.techniques.base import Context, Objective, Technique


@dataclass(frozen=True)
class LabelSmoothing(Technique):
    """A discriminator that is told "real" with probability 1 − α at real samples, β at fake ones.

    For a loss L(r, f) = E a(r) + E b(f) of real and fake logits it minimises

        E[(1 − α)·a(r) + α·b(r)] + E[(1 − β)·b(f) + β·a(f)]
            = L(r, f) + α·(L(0, r) − L(r, 0)) + β·(L(f, 0) − L(0, f)) + constant,

    where 0 stands for logits of zero. The constant, (β − α)·(a(0) − b(0)), is left out; with
    cross-entropy it is 0. The optimum is that of ((1 − α)p + βq) and (αp + (1 − β)q) in place of
    p and q: for cross-entropy D* = ((1 − α)p + βq)/(p + q). With β > 0 it has false peaks
    where only q is, so that the paper keeps β = 0, the one-sided form.

    Attributes:
        real: 1 − α, the target at real samples.
        fake: β, the target at fake samples.
    """

    title = "Label smoothing"
    reference = "Salimans et al. 2016, Improved Techniques for Training GANs, NIPS"

    real: float = 0.9
    fake: float = 0.0

    def __post_init__(self) -> None:
        """Raise ValueError if a setting is out of its range."""
        if not 0 <= self.fake < self.real <= 1:
            raise ValueError(
                f"the targets are {self.fake} for fake and {self.real} for real samples; "
                "they must be within 0 and 1, the one for real samples above the other"
            )

    def refusal(self, objective: Objective) -> str | None:
        """Return why not, where no label is told."""
        if objective.classifies:
            return None
        return f"{objective.title} tells its discriminator no labels that could be smoothed"

    def discriminator_loss(
        self, loss: Callable[[Tensor, Tensor], Tensor], context: Context
    ) -> Tensor:
        """Return L(r, f) + α·(L(0, r) − L(r, 0)) + β·(L(f, 0) − L(0, f))."""
        real, fake = context.real_logits, context.fake_logits
        zero = torch.zeros_like(real)
        smoothed = loss(real, fake)
        if self.real < 1:
            smoothed = smoothed + (1 - self.real) * (loss(zero, real) - loss(real, zero))
        if self.fake > 0:
            smoothed = smoothed + self.fake * (loss(fake, zero) - loss(zero, fake))
        return smoothed
