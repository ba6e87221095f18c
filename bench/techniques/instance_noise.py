"""Instance noise on real and generated samples alike (Sønderby et al. 2017)."""

from dataclasses import dataclass

from torch import Tensor

from bench.techniques.base import Noise, Technique


@dataclass(frozen=True)
class InstanceNoise(Technique):
    """The discriminator sees x + σ_t·ε with ε ~ N(0, I), where σ_t = σ·max(0, 1 − t/T).

    With noise, data and generator share their support (section 4; Arjovsky and Bottou 2017 find
    the same). The paper anneals it over the training; the length of a training is its study's.

    Attributes:
        std: σ, in the units of the data.
        anneal: T, the generator steps until the noise has gone.
    """

    title = "Instance noise"
    reference = "Sønderby et al. 2017, Amortised MAP Inference for Image Super-resolution, ICLR"

    std: float = 0.1
    anneal: int = 1000

    def __post_init__(self) -> None:
        """Raise ValueError if a setting is out of its range."""
        if self.std < 0:
            raise ValueError(f"std is {self.std}; it must not be negative")
        if self.anneal < 1:
            raise ValueError(f"anneal is {self.anneal}; it must be at least 1 step")

    def view(self, samples: Tensor, noise: Noise, step: int) -> Tensor:
        """Return the samples with the noise of this step."""
        std = self.std * max(0.0, 1 - step / self.anneal)
        return samples + std * noise.normal(*samples.shape)
