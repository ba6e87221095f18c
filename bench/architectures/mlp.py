"""Multi-layer perceptrons for vectors (Gulrajani et al. 2017, toy experiments)."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, ClassVar

from bench.architectures.base import PLAIN, Architecture, Form, of_form, only_vectors

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class MLP(Architecture):
    """ReLU networks with ``depth`` hidden layers of ``width`` units and a linear output.

    As an autoencoder, the discriminator's hidden layers lead to a linear code of half as many
    units as the last of them has (at least one), and a network like the generator leads back.

    Attributes:
        width: Units in a hidden layer.
        depth: Hidden layers.
    """

    batch_norm: ClassVar[bool] = False
    _family: ClassVar[str] = "mlp"

    width: int = 64
    depth: int = 3

    def refusal(self, shape: tuple[int, ...]) -> str | None:
        """Return why not, for anything but vectors."""
        return only_vectors(self._family, shape)

    def generator(self, shape: tuple[int, ...]) -> nn.Module:
        """Build the generator."""
        return self._perceptron(self.latent, shape).apply(self._initialise)

    def discriminator(self, shape: tuple[int, ...], form: Form = PLAIN) -> nn.Module:
        """Build the discriminator, which has no normalisation in any case."""
        from torch import nn

        layers, features = self._body(prod(shape))
        if len(shape) > 1:
            layers = [nn.Flatten(), *layers]
        code = max(1, features // 2)
        return of_form(
            form,
            nn.Sequential(*layers),
            features,
            code,
            lambda: self._perceptron(code, shape),
            self._initialise,
        )

    def _body(self, inputs: int) -> tuple[list[nn.Module], int]:
        """Return the discriminator's hidden layers and the units of the last."""
        from bench.layers import hidden

        return hidden(inputs, self.width, self.depth, self._layer), self.width

    def _perceptron(self, inputs: int, shape: tuple[int, ...]) -> nn.Module:
        """Return a network from vectors to samples; images are within [−1, 1]."""
        from torch import nn

        from bench.layers import hidden

        layers = hidden(inputs, self.width, self.depth, self._layer)
        layers += [nn.Linear(self.width, prod(shape))]
        if len(shape) > 1:
            layers += [nn.Tanh(), nn.Unflatten(1, shape)]
        return nn.Sequential(*layers)

    def _layer(self, before: int, after: int) -> list[nn.Module]:
        """Return a hidden layer."""
        from torch import nn

        return [nn.Linear(before, after), nn.ReLU()]

    def _initialise(self, module: nn.Module) -> None:
        """Set the weights of one module; here they stay as torch makes them."""
