"""The discriminator of 2014, for vectors: maxout units with dropout (Goodfellow et al. 2014)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from bench.architectures.mlp import MLP

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class MLPMaxout(MLP):
    """The networks of ``mlp``, but for the discriminator's hidden layers.

    These are maxout layers, each with dropout behind it at the rate 0.5 of the authors' code.
    That code also drops a fifth of the pixels of an image; a point of few coordinates is no
    longer the same point without one of them, so that here none is dropped. The rates are
    settings as percentages kept: 100 leaves a dropout out.

    Attributes:
        pieces: Affine maps in a maxout unit.
        kept: Percentage of the hidden units that dropout keeps, 1 to 100.
        kept_inputs: Percentage of the inputs that dropout keeps, 1 to 100.
    """

    pieces: int = 5
    kept: int = 50
    kept_inputs: int = 100

    def refusal(self, shape: tuple[int, ...]) -> str | None:
        """Return why not, for anything but vectors and for percentages above 100."""
        if len(shape) > 1:
            size = "×".join(map(str, shape))
            return f"mlp-maxout takes vectors; these samples are {size} images"
        if max(self.kept, self.kept_inputs) > 100:
            return "mlp-maxout keeps at most 100 percent: lower kept or kept_inputs"
        return None

    def _body(self, inputs: int) -> list[nn.Module]:
        from bench.layers import Maxout

        layers = _dropout(self.kept_inputs, inputs)
        for before, after in pairwise([inputs] + [self.width] * self.depth):
            layers += [Maxout(before, after, self.pieces), *_dropout(self.kept, after)]
        return layers


def _dropout(kept: int, units: int) -> list[nn.Module]:
    from bench.layers import Dropout

    return [] if kept == 100 else [Dropout(1 - kept / 100, units)]
