"""Boundary-equilibrium GAN (Berthelot et al. 2017)."""

from dataclasses import dataclass

from torch import Tensor

from bench.objectives.base import Context, Needs, Objective, Tensors, adam


@dataclass(frozen=True)
class BEGAN(Objective):
    """The discriminator is an autoencoder with the absolute error L; a balance k rules the fakes'.

    k moves so as to hold E L(G(z)) at γ·E L(x), and it moves after each discriminator step, on that
    step's fakes; in the paper, where both players step at once, on the generator's.

    Attributes:
        gamma: γ in [0, 1]: the lower, the less diverse the samples.
        balance_rate: λ_k, the step of k.
    """

    title = "BEGAN"
    reference = "Berthelot, Schumm and Metz 2017, BEGAN, arXiv:1703.10717"
    generator_optimizer = adam(1e-4, 0.9, 0.999)
    discriminator_optimizer = adam(1e-4, 0.9, 0.999)

    gamma: float = 0.5
    balance_rate: float = 0.001

    def needs(self) -> Needs:
        """Return that the discriminator is an autoencoder with an absolute error."""
        return Needs(reconstruction="absolute")

    def initial_state(self, discriminator: Tensors, generator: Tensors) -> Tensors:
        """Return the balance k = 0."""
        return {"balance": next(iter(discriminator.values())).new_zeros(())}

    def discriminator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return E L(x) − k·E L(G(z))."""
        return real.mean() - self.state["balance"] * fake.mean()

    def generator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return E L(G(z))."""
        return fake.mean()

    def after_discriminator_step(self, context: Context) -> Tensors:
        """Return k + λ_k(γ·E L(x) − E L(G(z))), kept in [0, 1]."""
        lead = self.gamma * context.real_logits.mean() - context.fake_logits.mean()
        return {"balance": (self.state["balance"] + self.balance_rate * lead).clamp(0, 1)}

    def estimate(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return the paper's measure of convergence, E L(x) + |γ·E L(x) − E L(G(z))|."""
        return real.mean() + (self.gamma * real.mean() - fake.mean()).abs()
