"""Packing: the discriminator judges several samples together (Lin et al. 2018, PacGAN)."""

from dataclasses import dataclass

from bench.techniques.base import Needs, Technique


@dataclass(frozen=True)
class Packing(Technique):
    """D(x₁, …, x_m) of m independent samples, all real or all generated (section 3).

    The samples of a pack lie one after another along the first axis of a sample. A step sees m
    times as many samples, so that it has as many packs as it would have samples.

    Attributes:
        size: m; 1 is no packing.
    """

    title = "Packing"
    reference = (
        "Lin, Khetan, Fanti and Oh 2018, PacGAN: The Power of Two Samples in Generative "
        "Adversarial Networks, NeurIPS"
    )

    size: int = 2

    def __post_init__(self) -> None:
        """Raise ValueError if a setting is out of its range."""
        if self.size < 1:
            raise ValueError(f"size is {self.size}; a pack has at least 1 sample")

    def needs(self) -> Needs:
        """Ask for packs."""
        return Needs(packing=self.size)
