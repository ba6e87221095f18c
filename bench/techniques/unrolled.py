"""Unrolled GANs: the generator looks some discriminator steps ahead (Metz et al. 2017)."""

from dataclasses import dataclass

from bench.techniques.base import Needs, Technique


@dataclass(frozen=True)
class Unrolled(Technique):
    """The generator's loss is taken at θ_D^k(θ_G), the discriminator after k more steps.

    θ_D⁰ = θ_D, θ_D^{i+1} = θ_D^i − (the optimiser's update on the discriminator's loss), and the
    generator's gradient passes through all k steps (section 2.2). The discriminator itself then
    takes an ordinary step.

    Attributes:
        steps: k; 0 is no unrolling.
    """

    title = "Unrolling"
    reference = "Metz, Poole, Pfau and Sohl-Dickstein 2017, Unrolled GANs, ICLR"

    steps: int = 5

    def __post_init__(self) -> None:
        """Raise ValueError if a setting is out of its range."""
        if self.steps < 0:
            raise ValueError(f"steps is {self.steps}; it must not be negative")

    def needs(self) -> Needs:
        """Ask for the steps ahead."""
        return Needs(unrolled_steps=self.steps)
