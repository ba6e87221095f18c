"""Least-squares GAN (Mao et al. 2017)."""

from dataclasses import dataclass

from torch import Tensor

from bench.objectives.base import Objective, adam


@dataclass(frozen=True)
class LeastSquares(Objective):
    """Squared distance of the unbounded output (no sigmoid) to the codes a, b and c.

    Attributes:
        a: The discriminator's target for fake samples.
        b: The discriminator's target for real samples.
        c: The generator's target for fake samples.
    """

    title = "Least-squares GAN"
    reference = "Mao et al. 2017, Least Squares Generative Adversarial Networks, ICCV"
    generator_optimizer = adam(1e-3, 0.5, 0.999)
    discriminator_optimizer = adam(1e-3, 0.5, 0.999)
    divergence = "Vincze-Le Cam divergence"
    classifies = True

    a: float = 0.0
    b: float = 1.0
    c: float = 1.0

    def discriminator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return ½E(D(x) − b)² + ½E(D(G(z)) − a)²."""
        return ((real - self.b).square().mean() + (fake - self.a).square().mean()) / 2

    def generator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return ½E(D(G(z)) − c)²."""
        return (fake - self.c).square().mean() / 2

    def estimate(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return 2 − 8L/(b − a)²: at the optimum L = (b − a)²·(¼ − LeCam/8)."""
        return 2 - 8 * self.discriminator_loss(real, fake) / (self.b - self.a) ** 2

    def optimal_logit(self, log_ratio: Tensor) -> Tensor:
        """Return (b·p + a·q)/(p + q)."""
        return self.a + (self.b - self.a) * log_ratio.sigmoid()
