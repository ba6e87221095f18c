"""Zero-centred gradient penalty between real and fake samples (Thanh-Tung et al. 2019)."""

from dataclasses import dataclass

from torch import Tensor

from bench.techniques.base import Context, Critic, Penalty, interpolate, squared_slopes


@dataclass(frozen=True)
class ZeroCentredGradientPenalty(Penalty):
    """λ·E‖∇D(x̂)‖² at points x̂ = x + u(G(z) − x), with one u ~ U(0, 1) a sample.

    Attributes:
        weight: λ.
    """

    title = "Zero-centred gradient penalty"
    reference = (
        "Thanh-Tung, Tran and Venkatesh 2019, Improving Generalization and Stability of "
        "Generative Adversarial Networks, ICLR"
    )
    slope = "zero"
    per_sample_gradient = True

    weight: float = 10.0

    def penalty(self, critic: Critic, context: Context) -> Tensor:
        """Return λ·E‖∇D(x̂)‖²."""
        return self.weight * squared_slopes(critic, interpolate(context)).mean()
