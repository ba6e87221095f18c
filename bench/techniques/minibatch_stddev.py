"""Minibatch standard deviation (Karras et al. 2018, section 3)."""

from dataclasses import dataclass

from bench.techniques.base import Needs, Technique


@dataclass(frozen=True)
class MinibatchStddev(Technique):
    """The discriminator also sees how much its features vary over the batch.

    One number, the mean over features of their standard deviation over the batch, is appended to
    the features of every sample before the last layer.
    """

    title = "Minibatch standard deviation"
    reference = (
        "Karras et al. 2018, Progressive Growing of GANs for Improved Quality, Stability, and "
        "Variation, ICLR"
    )

    def needs(self) -> Needs:
        """Ask for the layer."""
        return Needs(minibatch="stddev")
