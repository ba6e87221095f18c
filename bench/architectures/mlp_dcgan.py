"""A perceptron that generates against DCGAN's discriminator (Arjovsky et al. 2017, section 4.3)."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, ClassVar

from bench.architectures.dcgan import DCGAN

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class MLPDCGAN(DCGAN):
    """A generator of 4 hidden ReLU layers of 512; the discriminator of ``dcgan``, in every form.

    The paper has a ReLU perceptron of 4 layers with 512 hidden units, of which its code counts
    the output as one. The generator's weights start as torch makes them, as in that code. It ends
    in tanh, which the code leaves out, so that its images are within [−1, 1].

    Attributes:
        width: Channels of the discriminator at the highest resolution.
        generator_width: Units in a hidden layer of the generator.
        generator_depth: Hidden layers of the generator.
    """

    batch_norm: ClassVar[bool] = False
    _family: ClassVar[str] = "mlp-dcgan"

    generator_width: int = 512
    generator_depth: int = 4

    def generator(self, shape: tuple[int, ...]) -> nn.Module:
        """Build the generator."""
        from torch import nn

        from bench.layers import hidden

        def layer(before: int, after: int) -> list[nn.Module]:
            return [nn.Linear(before, after), nn.ReLU()]

        return nn.Sequential(
            *hidden(self.latent, self.generator_width, self.generator_depth, layer),
            nn.Linear(self.generator_width, prod(shape)),
            nn.Tanh(),
            nn.Unflatten(1, shape),
        )
