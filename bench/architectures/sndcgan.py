"""The standard convolutional networks of spectral normalisation (Miyato et al. 2018, table 3)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar

from bench.architectures.base import PLAIN, Architecture, Form, of_form, only_images

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class SNDCGAN(Architecture):
    """Three doublings against seven convolutions, which no normalisation follows.

    | generator | discriminator |
    | --- | --- |
    | z ~ N(0, I₁₂₈) | image |
    | linear (side/8)²·512, BN, ReLU | 3×3 convolution 64, lReLU |
    | 4×4 transposed convolution 256, stride 2, BN, ReLU | 4×4 convolution 64, stride 2, lReLU |
    | 4×4 transposed convolution 128, stride 2, BN, ReLU | 3×3 convolution 128, lReLU |
    | 4×4 transposed convolution 64, stride 2, BN, ReLU | 4×4 convolution 128, stride 2, lReLU |
    | 3×3 convolution to the image, tanh | 3×3 convolution 256, lReLU |
    | | 4×4 convolution 256, stride 2, lReLU |
    | | 3×3 convolution 512, lReLU |
    | | linear |

    Slopes 0.1. The first normalisation, unit by unit, is from the published code, as are the
    weights from N(0, 0.02²) with zero biases. A bias that batch normalisation would make idle is
    left out. Spectral normalisation itself is a technique, which any family takes.

    As an autoencoder, the discriminator's features lead to a linear code as large as the latent,
    and a generator without normalisation leads back.

    Attributes:
        width: Channels at the highest resolution.
        widened: Whether the convolutions with a stride already double the channels, as in the
            code of Miyato et al. and of compare_gan, from which most published numbers are.
    """

    batch_norm: ClassVar[bool] = False

    latent: int = 128
    width: int = 64
    widened: bool = False

    def refusal(self, shape: tuple[int, ...]) -> str | None:
        """Return why not, for anything but square images of 1 or 3 channels, side 8 to 64."""
        sides = "whose side is a multiple of 8 from 8 to 64"
        return only_images("sndcgan", shape, range(8, 65, 8), sides)

    def generator(self, shape: tuple[int, ...]) -> nn.Module:
        """Build the generator."""
        return self._rise(shape, True).apply(_initialise)

    def discriminator(self, shape: tuple[int, ...], form: Form = PLAIN) -> nn.Module:
        """Build the discriminator, which has no normalisation in any case."""
        from torch import nn

        widths = [self.width * 2**halvings for halvings in range(4)]
        layers = [nn.Conv2d(shape[0], widths[0], 3, padding=1), nn.LeakyReLU(0.1)]
        for before, after in pairwise(widths):
            between = after if self.widened else before
            layers += [nn.Conv2d(before, between, 4, stride=2, padding=1), nn.LeakyReLU(0.1)]
            layers += [nn.Conv2d(between, after, 3, padding=1), nn.LeakyReLU(0.1)]
        return of_form(
            form,
            nn.Sequential(*layers, nn.Flatten()),
            widths[-1] * (shape[-1] // 8) ** 2,
            self.latent,
            lambda: self._rise(shape, False),
            _initialise,
        )

    def _rise(self, shape: tuple[int, ...], batch_norm: bool) -> nn.Module:
        """Return a network from latents to images."""
        from torch import nn

        def activation(norm: type[nn.BatchNorm1d | nn.BatchNorm2d], units: int) -> list[nn.Module]:
            return [norm(units), nn.ReLU()] if batch_norm else [nn.ReLU()]

        widths, side = [self.width * 2**doublings for doublings in (3, 2, 1, 0)], shape[-1] // 8
        units = widths[0] * side**2
        layers: list[nn.Module] = [
            nn.Linear(self.latent, units, bias=not batch_norm),
            *activation(nn.BatchNorm1d, units),
            nn.Unflatten(1, (widths[0], side, side)),
        ]
        for before, after in pairwise(widths):
            layers += [
                nn.ConvTranspose2d(before, after, 4, stride=2, padding=1, bias=not batch_norm),
                *activation(nn.BatchNorm2d, after),
            ]
        return nn.Sequential(*layers, nn.Conv2d(widths[-1], shape[0], 3, padding=1), nn.Tanh())


def _initialise(module: nn.Module) -> None:
    from torch import nn

    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear | nn.Embedding):
        nn.init.normal_(module.weight, 0.0, 0.02)
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear) and module.bias is not None:
        nn.init.zeros_(module.bias)
