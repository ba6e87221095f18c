"""Multi-layer perceptrons for vectors (Gulrajani et al. 2017, toy experiments)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from bench.architectures.base import Architecture

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class MLP(Architecture):
    """ReLU networks with ``depth`` hidden layers of ``width`` units and a linear output.

    Attributes:
        width: Units in a hidden layer.
        depth: Hidden layers.
    """

    width: int = 64
    depth: int = 3

    def refusal(self, shape: tuple[int, ...]) -> str | None:
        """Return why not, for anything but vectors."""
        if len(shape) == 1:
            return None
        size = "×".join(map(str, shape))
        return f"mlp takes vectors; these samples are {size} images"

    def generator(self, shape: tuple[int, ...]) -> nn.Module:
        """Build the generator."""
        return self._layers(self.latent, shape[0])

    def discriminator(self, shape: tuple[int, ...], batch_norm: bool) -> nn.Module:
        """Build the discriminator, which has no normalisation in any case."""
        from torch import nn

        return nn.Sequential(self._layers(shape[0], 1), nn.Flatten(start_dim=0))

    def _layers(self, inputs: int, outputs: int) -> nn.Module:
        from torch import nn

        widths = [inputs] + [self.width] * self.depth
        hidden: list[nn.Module] = []
        for before, after in pairwise(widths):
            hidden += [nn.Linear(before, after), nn.ReLU()]
        return nn.Sequential(*hidden, nn.Linear(widths[-1], outputs))
