"""One-sided gradient penalty, which leaves slopes below 1 alone (Petzka et al. 2018)."""

from dataclasses import dataclass

from torch import Tensor

from bench.techniques.base import Context, Critic, Penalty, interpolate, slopes


@dataclass(frozen=True)
class OneSidedGradientPenalty(Penalty):
    """λ·E max(0, ‖∇D(x̂)‖ − 1)² at points x̂ = x + u(G(z) − x), with one u ~ U(0, 1) a sample.

    Gulrajani et al. 2017 name it in section 4; Petzka et al. 2018 (WGAN-LP, equation 8) show that
    the optimal critic's slope need not be 1 between the samples.

    Attributes:
        weight: λ.
    """

    title = "One-sided gradient penalty"
    reference = (
        "Petzka, Fischer and Lukovnikov 2018, On the Regularization of Wasserstein GANs, ICLR"
    )
    slope = "at most one"
    per_sample_gradient = True

    weight: float = 10.0

    def penalty(self, critic: Critic, context: Context) -> Tensor:
        """Return λ·E max(0, ‖∇D(x̂)‖ − 1)²."""
        excess = (slopes(critic, interpolate(context)) - 1).clamp(min=0)
        return self.weight * excess.square().mean()
