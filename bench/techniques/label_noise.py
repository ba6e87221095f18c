"""Label noise: now and then the discriminator is told the wrong label."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from bench.techniques.base import Context, Objective, Technique


@dataclass(frozen=True)
class LabelNoise(Technique):
    """The i-th real and fake sample of a batch swap their labels with probability p.

    For a loss L(r, f) = E a(r) + E b(f) of real and fake logits the expected loss is
    (1 − p)·L(r, f) + p·L(f, r), that of both labels smoothed by p.

    Attributes:
        probability: p.
    """

    title = "Label noise"
    reference = "Chintala, Denton, Arjovsky and Mathieu 2016, How to Train a GAN?, NIPS workshop"

    probability: float = 0.05

    def __post_init__(self) -> None:
        """Raise ValueError if a setting is out of its range."""
        if not 0 <= self.probability < 0.5:
            raise ValueError(
                f"probability is {self.probability}; it must be at least 0 and below 0.5, "
                "from where on labels say nothing or the contrary"
            )

    def refusal(self, objective: Objective) -> str | None:
        """Return why not, where no label is told."""
        if objective.classifies:
            return None
        return f"{objective.title} tells its discriminator no labels that could be wrong"

    def discriminator_loss(
        self, loss: Callable[[Tensor, Tensor], Tensor], context: Context
    ) -> Tensor:
        """Return the loss after some of the samples have swapped their places."""
        real, fake = context.real_logits, context.fake_logits
        swapped = context.noise.uniform(*real.shape) < self.probability
        return loss(torch.where(swapped, fake, real), torch.where(swapped, real, fake))
