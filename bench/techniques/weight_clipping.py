"""Weight clipping (Arjovsky et al. 2017, algorithm 1)."""

from dataclasses import dataclass

from bench.techniques.base import Technique, Tensors


@dataclass(frozen=True)
class WeightClipping(Technique):
    """Every parameter w of the discriminator becomes min(max(w, −c), c) after each of its steps.

    Attributes:
        clip: c.
    """

    title = "Weight clipping"
    reference = "Arjovsky, Chintala and Bottou 2017, Wasserstein GAN, ICML"
    slope = "clipped"

    clip: float = 0.01

    def __post_init__(self) -> None:
        """Raise ValueError if a setting is out of its range."""
        if self.clip <= 0:
            raise ValueError(f"clip is {self.clip}; it must be above 0")

    def constrain(self, parameters: Tensors) -> Tensors:
        """Clip every parameter to [−c, c]."""
        return {name: value.clamp(-self.clip, self.clip) for name, value in parameters.items()}
