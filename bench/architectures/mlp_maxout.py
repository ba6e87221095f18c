"""The discriminator of 2014: maxout units with dropout (Goodfellow et al. 2014)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.architectures.mlp import MLP

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class MLPMaxout(MLP):
    """The networks of ``mlp``, but for the discriminator's hidden layers, and for images too.

    These are maxout layers, each with dropout behind it at the rate 0.5 of the authors' code.
    That code also drops a fifth of the pixels of an image; a point of few coordinates is no
    longer the same point without one of them, so that here none is dropped. The rates are
    settings as percentages kept: 100 leaves a dropout out, ``kept_inputs: 80`` is the authors'.

    An image is a vector of its pixels, as in the authors' networks for MNIST. They end in a
    sigmoid on [0, 1], where images here are on [−1, 1] and the generator ends in tanh; they have
    2 hidden layers, 1,200 ReLU units in the generator against 240 maxout units, where here both
    networks have ``width``; and their weights start uniform, within ±0.05 and ±0.005, where here
    torch's own are kept, which depend on the width.

    Attributes:
        pieces: Affine maps in a maxout unit.
        kept: Percentage of the hidden units that dropout keeps, 1 to 100.
        kept_inputs: Percentage of the inputs that dropout keeps, 1 to 100.
    """

    pieces: int = 5
    kept: int = 50
    kept_inputs: int = 100

    def refusal(self, shape: tuple[int, ...]) -> str | None:
        """Return why not, for percentages above 100 alone."""
        if max(self.kept, self.kept_inputs) > 100:
            return "mlp-maxout keeps at most 100 percent: lower kept or kept_inputs"
        return None

    def _body(self, inputs: int) -> tuple[list[nn.Module], int]:
        from bench.layers import Maxout, hidden

        def layer(before: int, after: int) -> list[nn.Module]:
            return [Maxout(before, after, self.pieces), *_dropout(self.kept, after)]

        layers = hidden(inputs, self.width, self.depth, layer)
        return [*_dropout(self.kept_inputs, inputs), *layers], self.width


def _dropout(kept: int, units: int) -> list[nn.Module]:
    from bench.layers import Dropout

    return [] if kept == 100 else [Dropout(1 - kept / 100, units)]
