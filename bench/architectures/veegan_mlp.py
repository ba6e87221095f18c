"""VEEGAN's networks for 2-D mixtures: 128 ReLU units, noise of 254 (Srivastava et al. 2017)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from bench.architectures.mlp import MLP

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class VEEGANMLP(MLP):
    """A generator with two hidden ReLU layers of 128, a discriminator with one; linear outputs.

    As in the authors' notebook for ring and grid, read from a published port of it, since their
    repository no longer has it. Weights uniform as Glorot and Bengio 2010 have them, the default
    of the library used there; biases zero. There the generator gets one more normal number beside
    its noise of 254, and the discriminator judges a point together with its noise; here a
    discriminator sees points alone, as in the plain GAN that the paper compares with.

    Attributes:
        width: Units in a hidden layer of both networks.
        depth: Hidden layers of the generator.
        discriminator_depth: Hidden layers of the discriminator.
    """

    _family: ClassVar[str] = "veegan-mlp"

    latent: int = 254
    width: int = 128
    depth: int = 2
    discriminator_depth: int = 1

    def _body(self, inputs: int) -> tuple[list[nn.Module], int]:
        from bench.layers import hidden

        return hidden(inputs, self.width, self.discriminator_depth, self._layer), self.width

    def _initialise(self, module: nn.Module) -> None:
        from torch import nn

        if isinstance(module, nn.Linear):
            nn.init.xavier_uniform_(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
