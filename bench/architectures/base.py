"""What an architecture is: a generator and discriminator pair that sizes itself to the data.

Families import torch only when they build, so that planning a study needs no torch.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class Architecture(ABC):
    """A family of networks; its fields are its hyper-parameters.

    Attributes:
        latent: Dimension of the standard normal latent.
    """

    latent: int = 2

    @abstractmethod
    def refusal(self, shape: tuple[int, ...]) -> str | None:
        """Return why this family does not fit samples of ``shape``, or None if it does."""

    @abstractmethod
    def generator(self, shape: tuple[int, ...]) -> nn.Module:
        """Build a network from latents ``[B, latent]`` to samples ``[B, *shape]``."""

    @abstractmethod
    def discriminator(self, shape: tuple[int, ...], batch_norm: bool) -> nn.Module:
        """Build a network from samples ``[B, *shape]`` to logits ``[B]``.

        ``batch_norm`` false asks for a network that does not mix the samples of a batch.
        """
