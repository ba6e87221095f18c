"""Multi-layer perceptrons for vectors (Gulrajani et al. 2017, toy experiments)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar

from bench.architectures.base import PLAIN, Architecture, Form

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class MLP(Architecture):
    """ReLU networks with ``depth`` hidden layers of ``width`` units and a linear output.

    As an autoencoder, the discriminator's hidden layers lead to a linear code of half as many
    units as ``width`` (at least one), and a network like the generator leads back.

    Attributes:
        width: Units in a hidden layer.
        depth: Hidden layers.
    """

    batch_norm: ClassVar[bool] = False

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
        return self._perceptron(self.latent, shape[0])

    def discriminator(self, shape: tuple[int, ...], form: Form = PLAIN) -> nn.Module:
        """Build the discriminator, which has no normalisation in any case."""
        from torch import nn

        from bench.layers import Autoencoder, Discriminator

        body = nn.Sequential(*self._body(shape[0]))
        if form.reconstruction:
            code = max(1, self.width // 2)
            encoder = nn.Sequential(body, nn.Linear(self.width, code))
            return Autoencoder(encoder, self._perceptron(code, shape[0]), form.reconstruction)
        return Discriminator(body, self.width, form.outputs, form.minibatch, form.classes)

    def _body(self, inputs: int) -> list[nn.Module]:
        """Return the discriminator's hidden layers."""
        return self._hidden(inputs)

    def _perceptron(self, inputs: int, outputs: int) -> nn.Module:
        from torch import nn

        return nn.Sequential(*self._hidden(inputs), nn.Linear(self.width, outputs))

    def _hidden(self, inputs: int) -> list[nn.Module]:
        from torch import nn

        layers: list[nn.Module] = []
        for before, after in pairwise([inputs] + [self.width] * self.depth):
            layers += [nn.Linear(before, after), nn.ReLU()]
        return layers
