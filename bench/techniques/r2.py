"""R2: a zero-centred gradient penalty at fake samples (Mescheder et al. 2018)."""

from dataclasses import dataclass

from torch import Tensor

from bench.techniques.base import Context, Critic, Penalty, squared_slopes


@dataclass(frozen=True)
class R2(Penalty):
    """γ/2·E‖∇D(G(z))‖² at fake samples (section 4.1).

    Attributes:
        weight: γ.
    """

    title = "R2"
    reference = (
        "Mescheder, Geiger and Nowozin 2018, Which Training Methods for GANs do actually "
        "Converge?, ICML"
    )
    slope = "zero"
    per_sample_gradient = True

    weight: float = 10.0

    def penalty(self, critic: Critic, context: Context) -> Tensor:
        """Return γ/2·E‖∇D(G(z))‖²."""
        return self.weight / 2 * squared_slopes(critic, context.fake).mean()
