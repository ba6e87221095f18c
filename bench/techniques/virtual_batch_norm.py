"""Virtual batch normalisation (Salimans et al. 2016, section 3.5)."""

from dataclasses import dataclass

from bench.techniques.base import Needs, Technique


@dataclass(frozen=True)
class VirtualBatchNorm(Technique):
    """Both networks normalise each sample by itself and a batch that was chosen once.

    It takes the place of batch normalisation, and so needs an architecture that has some. The
    samples of a batch no longer influence one another, so that gradient penalties fit.

    Attributes:
        size: Samples in the reference batch.
    """

    title = "Virtual batch normalisation"
    reference = "Salimans et al. 2016, Improved Techniques for Training GANs, NIPS"

    size: int = 64

    def __post_init__(self) -> None:
        """Raise ValueError if a setting is out of its range."""
        if self.size < 2:
            raise ValueError(f"size is {self.size}; a reference batch has at least 2 samples")

    def needs(self) -> Needs:
        """Ask for a reference batch."""
        return Needs(reference_batch=self.size)
