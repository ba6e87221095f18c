"""LeCam regularisation towards the other side's average logit (Tseng et al. 2021)."""

from dataclasses import dataclass

import torch
from torch import Tensor

from bench.techniques.base import Context, Critic, Objective, Penalty, Tensors


@dataclass(frozen=True)
class LeCam(Penalty):
    """λ·(E(D(x) − α_F)² + E(D(G(z)) − α_R)²), with logits D that are high for real samples.

    α_R and α_F are moving averages of the mean logits at real and at fake samples, this step's
    included, and constants for the gradient (section 3.2). They are free of their start at 0, as
    in the authors' code for StyleGAN2. That code has a hinge in both squares,
    max(0, D(x) − α_F) and max(0, α_R − D(G(z))); this is the paper's formula, without.

    Attributes:
        weight: λ; the authors' BigGAN on CIFAR-10 has 0.3.
        decay: Decay of the averages.
    """

    title = "LeCam regularisation"
    reference = (
        "Tseng et al. 2021, Regularizing Generative Adversarial Networks under Limited Data, CVPR"
    )

    weight: float = 0.3
    decay: float = 0.99

    def __post_init__(self) -> None:
        """Raise ValueError if a setting is out of its range."""
        super().__post_init__()
        if not 0 <= self.decay < 1:
            raise ValueError(f"decay is {self.decay}; it must be at least 0 and below 1")

    def refusal(self, objective: Objective) -> str | None:
        """Return why not, where there is no one logit a sample."""
        if objective.needs().outputs > 1:
            return f"it averages logits, of which {objective.title} has several a sample"
        return None

    def penalty(self, critic: Critic, context: Context) -> Tensor:
        """Return λ·(E(D(x) − α_F)² + E(D(G(z)) − α_R)²)."""
        sums = self.after_discriminator_step(context)
        alpha_real, alpha_fake = sums["real"] / sums["total"], sums["fake"] / sums["total"]
        real = (context.real_logits - alpha_fake).square().mean()
        fake = (context.fake_logits - alpha_real).square().mean()
        return self.weight * (real + fake)

    def initial_state(self, discriminator: Tensors, generator: Tensors) -> Tensors:
        """Return decayed sums of mean logits, and of the weights that went into them."""
        zero = torch.zeros_like(next(iter(discriminator.values())).flatten()[0])
        return {"real": zero, "fake": zero, "total": zero}

    def after_discriminator_step(self, context: Context) -> Tensors:
        """Return the sums with this step's mean logits."""
        real, fake = context.real_logits.detach().mean(), context.fake_logits.detach().mean()
        now = {"real": real, "fake": fake, "total": torch.ones_like(real)}
        return {name: self.state[name].lerp(value, 1 - self.decay) for name, value in now.items()}
