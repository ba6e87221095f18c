"""PacGAN's networks for 2-D mixtures: batch normalisation against maxout (Lin et al. 2018)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from bench.architectures.mlp import MLP

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class PacGANMLP(MLP):
    """The generator and discriminator of PacGAN's ring and grid, as its repository builds them.

    | generator | discriminator |
    | --- | --- |
    | z ~ N(0, I₂) | points, of a packed sample one behind another |
    | 4 × (400, no bias, batch normalisation, ReLU) | 3 × maxout(200 units of 5 pieces) |
    | linear | linear |

    Weights from N(0, 0.02²), where the repository's 0.02 is the standard deviation; biases zero.
    The dropout that it defines is off there and absent here. Running statistics move by 0.1 a
    step, there by 0.05. As an autoencoder, the discriminator leads to a code of half its width
    and a generator without normalisation leads back.

    Attributes:
        width: Units in a hidden layer of the generator.
        depth: Hidden layers of the generator.
        discriminator_width: Maxout units in a hidden layer of the discriminator.
        discriminator_depth: Hidden layers of the discriminator.
        pieces: Affine maps in a maxout unit.
    """

    _family: ClassVar[str] = "pacgan-mlp"

    width: int = 400
    depth: int = 4
    discriminator_width: int = 200
    discriminator_depth: int = 3
    pieces: int = 5

    def generator(self, shape: tuple[int, ...]) -> nn.Module:
        """Build the generator."""
        from torch import nn

        from bench.layers import hidden

        def layer(before: int, after: int) -> list[nn.Module]:
            linear = nn.Linear(before, after, bias=False)
            return [linear, nn.BatchNorm1d(after, eps=1e-4), nn.ReLU()]

        layers = hidden(self.latent, self.width, self.depth, layer)
        return nn.Sequential(*layers, nn.Linear(self.width, shape[0])).apply(self._initialise)

    def _body(self, inputs: int) -> tuple[list[nn.Module], int]:
        from bench.layers import Maxout, hidden

        def layer(before: int, after: int) -> list[nn.Module]:
            return [Maxout(before, after, self.pieces)]

        width = self.discriminator_width
        return hidden(inputs, width, self.discriminator_depth, layer), width

    def _initialise(self, module: nn.Module) -> None:
        from torch import nn

        if isinstance(module, nn.Linear | nn.Embedding):
            nn.init.normal_(module.weight, 0.0, 0.02)
        if isinstance(module, nn.Linear) and module.bias is not None:
            nn.init.zeros_(module.bias)
