"""Wasserstein GAN with weight clipping (Arjovsky et al. 2017, algorithm 1)."""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from bench.objectives.base import Objective, rmsprop


@dataclass(frozen=True)
class WGAN(Objective):
    """A critic with weights in [−c, c] maximises E D(x) − E D(G(z)).

    The weights are clipped after each critic step, as the paper's algorithm says (its code clips
    before, which leaves the last step unclipped).

    Attributes:
        clip: c.
    """

    title = "WGAN, weight clipping"
    reference = "Arjovsky, Chintala and Bottou 2017, Wasserstein GAN, ICML"
    generator_optimizer = rmsprop(5e-5)
    discriminator_optimizer = rmsprop(5e-5)
    discriminator_steps = 5
    divergence = "1-Wasserstein distance, up to a factor"
    caveat = "the clipped critic's slope is not the same everywhere"
    lower_bound = False
    slope = "clipped"

    clip: float = 0.01

    def discriminator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return E D(G(z)) − E D(x)."""
        return fake.mean() - real.mean()

    def generator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return −E D(G(z))."""
        return -fake.mean()

    def constrain(self, parameters: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        """Clip every parameter to [−c, c]."""
        return {name: value.clamp(-self.clip, self.clip) for name, value in parameters.items()}
