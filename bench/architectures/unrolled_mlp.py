"""Unrolled GAN's networks for a ring: tanh and orthogonal weights (Metz et al. 2017, notebook)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from bench.architectures.mlp import MLP

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class UnrolledMLP(MLP):
    """Two hidden tanh layers of 128 units and a linear output in both networks, z ~ N(0, I₂₅₆).

    These are the networks of the author's public notebook: orthogonal weights times 1.4, biases
    zero. The paper's own (appendix A) differ, as the notebook says: ReLU, weights times 0.8, one
    hidden layer in the discriminator, points divided by 4 before it.

    Attributes:
        gain: What all singular values of a weight matrix start at.
    """

    _family: ClassVar[str] = "unrolled-mlp"

    latent: int = 256
    width: int = 128
    depth: int = 2
    gain: float = 1.4

    def _layer(self, before: int, after: int) -> list[nn.Module]:
        from torch import nn

        return [nn.Linear(before, after), nn.Tanh()]

    def _initialise(self, module: nn.Module) -> None:
        from torch import nn

        if isinstance(module, nn.Linear):
            nn.init.orthogonal_(module.weight, self.gain)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
