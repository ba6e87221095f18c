"""What an architecture is: a generator and discriminator pair that sizes itself to the data.

Families import torch only when they build, so that planning a study needs no torch.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, ClassVar, Literal

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class Form:
    """What an objective and its techniques ask of a discriminator; the defaults are the plain one.

    Attributes:
        outputs: Numbers a sample; with 1 the output has shape ``[B]``, else ``[B, outputs]``.
        batch_norm: False where the network must not mix the samples of a batch. It does so all
            the same through a minibatch layer, where one is asked for by name.
        minibatch: A layer before the last that compares the samples of a batch:
            ``"discrimination"`` (Salimans et al. 2016) or ``"stddev"`` (Karras et al. 2018).
        reconstruction: ``"squared"`` or ``"absolute"``: an autoencoder whose output is its mean
            reconstruction error a sample, ``[B]``.
        classes: With classes, a projection discriminator (Miyato and Koyama 2018) that takes
            labels too.

    Raises:
        ValueError: A value is unknown, or two of them exclude each other.
    """

    outputs: int = 1
    batch_norm: bool = True
    minibatch: str = ""
    reconstruction: str = ""
    classes: int = 0

    def __post_init__(self) -> None:
        if self.minibatch not in ("", "discrimination", "stddev"):
            raise ValueError(f"minibatch is 'discrimination' or 'stddev', not {self.minibatch!r}")
        if self.reconstruction not in ("", "squared", "absolute"):
            raise ValueError(
                f"reconstruction is 'squared' or 'absolute', not {self.reconstruction!r}"
            )
        if self.outputs < 1 or self.classes < 0:
            raise ValueError("a discriminator has at least 1 output and no negative classes")
        if self.reconstruction and (self.outputs > 1 or self.minibatch or self.classes):
            raise ValueError(
                "an autoencoder's only output is its reconstruction error: "
                "it takes no further outputs, minibatch layer or classes"
            )
        if self.classes and self.outputs > 1:
            raise ValueError("a projection discriminator has one output")


PLAIN = Form()


@dataclass(frozen=True)
class Architecture(ABC):
    """A family of networks; its fields are its hyper-parameters.

    Attributes:
        latent: Dimension of the latent.

    Class attributes:
        batch_norm: The family has batch normalisation, which virtual batch normalisation can
            replace.
        latent_distribution: ``"normal"`` for N(0, I), ``"uniform"`` for U(−1, 1).

    Raises:
        ValueError: A whole-number setting is not positive.
    """

    batch_norm: ClassVar[bool]
    latent_distribution: ClassVar[Literal["normal", "uniform"]] = "normal"

    latent: int = 2

    def __post_init__(self) -> None:
        for setting in fields(self):
            value = getattr(self, setting.name)
            if isinstance(value, int) and not isinstance(value, bool) and value < 1:
                raise ValueError(f"{setting.name}: {value!r} is not a positive whole number")

    @abstractmethod
    def refusal(self, shape: tuple[int, ...]) -> str | None:
        """Return why this family does not fit samples of ``shape``, or None if it does."""

    @abstractmethod
    def generator(self, shape: tuple[int, ...]) -> nn.Module:
        """Build a network from latents ``[B, latent]`` to samples ``[B, *shape]``."""

    @abstractmethod
    def discriminator(self, shape: tuple[int, ...], form: Form = PLAIN) -> nn.Module:
        """Build a network from samples ``[B, *shape]`` to what ``form`` asks for.

        Its forward takes ``(samples, labels=None, only_features=False)``: see
        :class:`bench.layers.Discriminator` and :class:`bench.layers.Autoencoder`.
        """
