"""Two-sided gradient penalty (Gulrajani et al. 2017, equation 3)."""

from dataclasses import dataclass

from torch import Tensor

from bench.techniques.base import Context, Critic, Penalty, interpolate, slopes


@dataclass(frozen=True)
class GradientPenalty(Penalty):
    """λ·E(‖∇D(x̂)‖ − 1)² at points x̂ = x + u(G(z) − x), with one u ~ U(0, 1) a sample.

    Attributes:
        weight: λ.
    """

    title = "Gradient penalty"
    reference = "Gulrajani et al. 2017, Improved Training of Wasserstein GANs, NIPS"
    slope = "one"
    per_sample_gradient = True

    weight: float = 10.0

    def penalty(self, critic: Critic, context: Context) -> Tensor:
        """Return λ·E(‖∇D(x̂)‖ − 1)²."""
        return self.weight * (slopes(critic, interpolate(context)) - 1).square().mean()
