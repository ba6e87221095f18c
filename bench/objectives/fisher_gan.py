"""Fisher GAN (Mroueh and Sercu 2017, algorithm 1)."""

from dataclasses import dataclass

from torch import Tensor

from bench.objectives.base import Context, Objective, Tensors, adam


@dataclass(frozen=True)
class FisherGAN(Objective):
    """A critic maximises g = E D(x) − E D(G(z)) where Ω = ½E D(x)² + ½E D(G(z))² is one.

    The constraint is held by an augmented Lagrangian, g + λ(1 − Ω) − ρ/2·(Ω − 1)². By Cauchy and
    Schwarz, g ≤ √(∫(p − q)²/m)·√Ω for the mixture m = (p + q)/2, with equality for D ∝ (p − q)/m:
    g/√Ω is at most √(2·LC) with the Vincze-Le Cam divergence LC = ∫(p − q)²/(p + q).

    Attributes:
        rho: ρ, which is also the multiplier's step. It is as small as the paper's: in a short run
            the constraint does little yet, and the critic's scale grows.
    """

    title = "Fisher GAN"
    reference = "Mroueh and Sercu 2017, Fisher GAN, NIPS"
    generator_optimizer = adam(2e-4, 0.5, 0.999)
    discriminator_optimizer = adam(2e-4, 0.5, 0.999)
    discriminator_steps = 2
    divergence = "Vincze-Le Cam divergence"

    rho: float = 1e-6

    def initial_state(self, discriminator: Tensors, generator: Tensors) -> Tensors:
        """Return the multiplier λ = 0."""
        return {"multiplier": next(iter(discriminator.values())).new_zeros(())}

    def discriminator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return −g − λ(1 − Ω) + ρ/2·(Ω − 1)²."""
        excess = _second_moment(real, fake) - 1
        value = real.mean() - fake.mean() - self.state["multiplier"] * excess
        return self.rho / 2 * excess.square() - value

    def generator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return −E D(G(z))."""
        return -fake.mean()

    def after_discriminator_step(self, context: Context) -> Tensors:
        """Return λ + ρ(Ω − 1): it minimises the Lagrangian while the critic maximises it."""
        excess = _second_moment(context.real_logits, context.fake_logits) - 1
        return {"multiplier": self.state["multiplier"] + self.rho * excess}

    def estimate(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return g²/2Ω with the sign of g, which no scale of the critic changes."""
        gap = real.mean() - fake.mean()
        return gap * gap.abs() / (2 * _second_moment(real, fake)).clamp(min=1e-30)

    def optimal_logit(self, log_ratio: Tensor) -> Tensor:
        """Return (p − q)/(p + q), which is unique up to a positive factor."""
        return (log_ratio / 2).tanh()


def _second_moment(real: Tensor, fake: Tensor) -> Tensor:
    """Return Ω."""
    return (real.square().mean() + fake.square().mean()) / 2
