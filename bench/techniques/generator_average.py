"""A moving average of the generator's weights (Karras et al. 2018; Yazıcı et al. 2019)."""

from dataclasses import dataclass

from bench.techniques.base import Needs, Technique


@dataclass(frozen=True)
class GeneratorAverage(Technique):
    """Samples are those of θ̄ ← β·θ̄ + (1 − β)·θ, averaged over the generator's steps.

    Training goes on as without it. Early on, β is at most (1 + t)/(10 + t) in step t, so that
    the untrained weights do not linger.

    Attributes:
        decay: β.
    """

    title = "Averaged generator"
    reference = "Yazıcı et al. 2019, The Unusual Effectiveness of Averaging in GAN Training, ICLR"

    decay: float = 0.999

    def __post_init__(self) -> None:
        """Raise ValueError if a setting is out of its range."""
        if not 0 < self.decay < 1:
            raise ValueError(f"decay is {self.decay}; it must be above 0 and below 1")

    def needs(self) -> Needs:
        """Ask for the average."""
        return Needs(generator_average=self.decay)
