"""What an architecture is: a generator and discriminator pair that sizes itself to the data.

Families import torch only when they build, so that planning a study needs no torch.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection
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
        latent_distribution: ``"normal"`` for N(0, I), ``"uniform"`` for U(−1, 1).

    Raises:
        ValueError: A number among the settings is not positive.
    """

    latent_distribution: ClassVar[Literal["normal", "uniform"]] = "normal"

    latent: int = 2

    def __post_init__(self) -> None:
        for setting in fields(self):
            value = getattr(self, setting.name)
            if isinstance(value, int) and not isinstance(value, bool) and value < 1:
                raise ValueError(f"{setting.name}: {value!r} is not a positive whole number")
            if isinstance(value, float) and not 0 < value < float("inf"):
                raise ValueError(f"{setting.name}: {value!r} is not a positive number")

    @property
    @abstractmethod
    def batch_norm(self) -> bool:
        """Both networks have batch normalisation, which virtual batch normalisation can replace.

        Mostly a constant of the family: ``batch_norm: ClassVar[bool] = False``.
        """

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


def only_vectors(family: str, shape: tuple[int, ...]) -> str | None:
    """Return why a family that takes vectors does not fit samples of ``shape``, or None."""
    if len(shape) == 1:
        return None
    return f"{family} takes vectors; these samples are {_size(shape)} images"


def only_images(
    family: str, shape: tuple[int, ...], sides: Collection[int], described: str
) -> str | None:
    """Return why a family that takes images does not fit samples of ``shape``, or None.

    Args:
        family: Its name.
        shape: The samples' shape.
        sides: The sides of square images that fit.
        described: The same in words, after "square images of 1 or 3 channels".
    """
    if len(shape) != 3:
        return f"{family} takes images; these samples are {shape[0]}-dimensional points"
    channels, height, width = shape
    if channels in (1, 3) and height == width and height in sides:
        return None
    return f"{family} takes square images of 1 or 3 channels {described}; these are {_size(shape)}"


def of_form(
    form: Form,
    body: nn.Module,
    features: int,
    code: int,
    decoder: Callable[[], nn.Module],
    initialise: Callable[[nn.Module], None] | None = None,
) -> nn.Module:
    """Return the discriminator of a form on a body.

    Args:
        form: What the discriminator must be.
        body: Samples to features ``[B, features]``.
        features: Their number.
        code: Dimension of an autoencoder's code, a linear map of the features.
        decoder: Builds a network from codes to samples; called for an autoencoder alone.
        initialise: Sets the weights of a module, for :meth:`torch.nn.Module.apply`.
    """
    from torch import nn

    from bench.layers import Autoencoder, Discriminator

    if not form.reconstruction:
        return Discriminator(body, features, form.outputs, form.minibatch, form.classes, initialise)
    encoder = nn.Sequential(body, nn.Linear(features, code))
    network = Autoencoder(encoder, decoder(), form.reconstruction)
    return network.apply(initialise) if initialise else network


def _size(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))
