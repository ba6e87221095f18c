"""Class labels for both players: a projection discriminator (Miyato and Koyama 2018)."""

from dataclasses import dataclass

from bench.techniques.base import Needs, Technique


@dataclass(frozen=True)
class ClassLabels(Technique):
    """A conditional game: G(z, y) against D(x, y) = ψ(φ(x)) + ⟨V_y, φ(x)⟩ (equation 3).

    The classes y of a batch of real samples are also those of its generated samples; the
    generator is told y as a one-hot vector behind its latent. The divergence that the
    discriminator estimates is that of samples together with their classes.
    """

    title = "Class labels"
    reference = "Miyato and Koyama 2018, cGANs with Projection Discriminator, ICLR"

    def needs(self) -> Needs:
        """Ask for labels."""
        return Needs(labels=True)
