"""Deep convolutional GAN (Radford et al. 2015)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar

from bench.architectures.base import PLAIN, Architecture, Form, of_form, only_images

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class DCGAN(Architecture):
    """Strided and transposed convolutions, no pooling, no hidden fully connected layer.

    Batch normalisation in both networks except the generator's output and the discriminator's
    input layer; ReLU and tanh in the generator, leaky ReLU in the discriminator; weights from
    N(0, 0.02²). The image is halved until its side is odd or at most 4, but twice at least:
    4 halvings for 64×64 as in the paper, 2 for 28×28 and 8×8.

    As an autoencoder, the discriminator's features lead to a linear code as large as the latent,
    and a network like the generator leads back (Berthelot et al. 2017).

    Attributes:
        width: Channels at the highest resolution; doubled with each halving.
    """

    batch_norm: ClassVar[bool] = True
    _normalised: ClassVar[bool] = True
    _family: ClassVar[str] = "dcgan"

    latent: int = 100
    width: int = 64

    def refusal(self, shape: tuple[int, ...]) -> str | None:
        """Return why not, for anything but square images of 1 or 3 channels, side 8 to 64."""
        sides = "whose side is a multiple of 4 from 8 to 64"
        return only_images(self._family, shape, range(8, 65, 4), sides)

    def generator(self, shape: tuple[int, ...]) -> nn.Module:
        """Build the generator: project to the coarsest map, then double it up to the image."""
        from torch import nn

        return nn.Sequential(*self._rise(shape, self._normalised)).apply(_initialise)

    def discriminator(self, shape: tuple[int, ...], form: Form = PLAIN) -> nn.Module:
        """Build the discriminator: halve down to the coarsest map, then a linear layer on it."""
        from torch import nn

        batch_norm = form.batch_norm and self._normalised
        widths, side = self._pyramid(shape)
        layers: list[nn.Module] = [
            nn.Conv2d(shape[0], widths[0], 4, stride=2, padding=1),
            nn.LeakyReLU(0.2),
        ]
        for before, after in pairwise(widths):
            layers += [nn.Conv2d(before, after, 4, stride=2, padding=1, bias=not batch_norm)]
            if batch_norm:
                # Always the batch's own statistics: running ones would mix real and fake.
                layers += [nn.BatchNorm2d(after, track_running_stats=False)]
            layers += [nn.LeakyReLU(0.2)]
        return of_form(
            form,
            nn.Sequential(*layers, nn.Flatten()),
            widths[-1] * side**2,
            self.latent,
            lambda: nn.Sequential(*self._rise(shape, batch_norm, running=False)),
            _initialise,
        )

    def _rise(
        self, shape: tuple[int, ...], batch_norm: bool, running: bool = True
    ) -> list[nn.Module]:
        """Return the layers from latents to images, with or without running statistics."""
        from torch import nn

        def activation(channels: int) -> list[nn.Module]:
            norm = nn.BatchNorm2d(channels, track_running_stats=running)
            return [norm, nn.ReLU()] if batch_norm else [nn.ReLU()]

        widths, side = self._pyramid(shape)
        layers: list[nn.Module] = [
            nn.Unflatten(1, (self.latent, 1, 1)),
            nn.ConvTranspose2d(self.latent, widths[-1], side, bias=not batch_norm),
            *activation(widths[-1]),
        ]
        for before, after in pairwise(widths[::-1]):
            layers += [
                nn.ConvTranspose2d(before, after, 4, stride=2, padding=1, bias=not batch_norm),
                *activation(after),
            ]
        return [
            *layers,
            nn.ConvTranspose2d(widths[0], shape[0], 4, stride=2, padding=1),
            nn.Tanh(),
        ]

    def _pyramid(self, shape: tuple[int, ...]) -> tuple[list[int], int]:
        """Return the channels at each halving, finest first, and the coarsest side."""
        side = shape[-1]
        widths: list[int] = []
        while len(widths) < 2 or (side > 4 and side % 2 == 0):
            widths.append(self.width * 2 ** len(widths))
            side //= 2
        return widths, side


def _initialise(module: nn.Module) -> None:
    from torch import nn

    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear | nn.Embedding):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
    bias = getattr(module, "bias", None)
    if bias is not None:
        nn.init.zeros_(bias)
