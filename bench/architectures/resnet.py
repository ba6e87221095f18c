"""Residual networks of SNGAN and WGAN-GP (Miyato et al. 2018, Gulrajani et al. 2017)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar

from bench.architectures.base import PLAIN, Architecture, Form, of_form, only_images

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class ResNet(Architecture):
    """Residual blocks of two 3×3 convolutions; batch normalisation in the generator alone.

    | 32×32 generator | 32×32 discriminator | 64×64 generator | 64×64 discriminator |
    | --- | --- | --- | --- |
    | z ~ N(0, I₁₂₈) | image | z ~ N(0, I₁₂₈) | image |
    | linear 4²·256 | halving block 128 | linear 4²·1024 | halving block 64 |
    | doubling block 256 | halving block 128 | doubling block 512 | halving block 128 |
    | doubling block 256 | block 128 | doubling block 256 | halving block 256 |
    | doubling block 256 | block 128 | doubling block 128 | halving block 512 |
    | BN, ReLU | ReLU, sum over places | doubling block 64 | halving block 1024 |
    | 3×3 convolution, tanh | linear | BN, ReLU, 3×3 convolution, tanh | ReLU, sum, linear |

    A block of the generator: BN, ReLU, doubling, convolution, BN, ReLU, convolution; of the
    discriminator: ReLU, convolution, ReLU, convolution, halving, where the first has no ReLU in
    front. Doubling repeats pixels, halving averages them. A shortcut is a 1×1 convolution where
    a block resamples or changes the channels. Weights are uniform as Glorot and Bengio 2010 have
    them, times √2 in the branches; biases zero. As in the authors' code, but for biases: one that
    batch normalisation would make idle is left out, and the last layer at 32×32 has one.

    Smaller images are as 32×32: two halvings in the discriminator (8×8 becomes 2×2), doublings in
    the generator from a side that is odd or at most 4. As an autoencoder, the discriminator's
    features lead to a linear code as large as the latent, and a generator without normalisation
    leads back.

    Attributes:
        width: Channels of the discriminator up to 32×32, where the generator has twice as many.
            At 64×64 both begin with half as many at the highest resolution.
    """

    batch_norm: ClassVar[bool] = False

    latent: int = 128
    width: int = 128

    def refusal(self, shape: tuple[int, ...]) -> str | None:
        """Return why not, for anything but square images of 1 or 3 channels, side 8 to 32 or 64."""
        sides = "whose side is 64 or a multiple of 4 from 8 to 32"
        return only_images("resnet", shape, [*range(8, 33, 4), 64], sides)

    def generator(self, shape: tuple[int, ...]) -> nn.Module:
        """Build the generator."""
        return self._rise(shape, True).apply(_initialise)

    def discriminator(self, shape: tuple[int, ...], form: Form = PLAIN) -> nn.Module:
        """Build the discriminator, which has no normalisation in any case."""
        from torch import nn

        if shape[-1] == 64:
            widths, halvings = self._widths_at_64(), 5
        else:
            widths, halvings = [self.width] * 4, 2
        blocks = [_first_block(shape[0], widths[0])]
        for number, (before, after) in enumerate(pairwise(widths), start=2):
            blocks += [_falling_block(before, after, halves=number <= halvings)]
        side = shape[-1] // 2**halvings
        # Divided by one, an average is a sum.
        total = nn.AvgPool2d(side, divisor_override=1)
        return of_form(
            form,
            nn.Sequential(*blocks, nn.ReLU(), total, nn.Flatten()),
            widths[-1],
            self.latent,
            lambda: self._rise(shape, False),
            _initialise,
        )

    def _rise(self, shape: tuple[int, ...], batch_norm: bool) -> nn.Module:
        """Return a network from latents to images."""
        from torch import nn

        side, doublings = shape[-1], 0
        while side > 4 and side % 2 == 0:
            side, doublings = side // 2, doublings + 1
        large = shape[-1] == 64
        widths = self._widths_at_64()[::-1] if large else [2 * self.width] * (doublings + 1)
        return nn.Sequential(
            nn.Linear(self.latent, widths[0] * side**2),
            nn.Unflatten(1, (widths[0], side, side)),
            *(_rising_block(before, after, batch_norm) for before, after in pairwise(widths)),
            *_activation(widths[-1], batch_norm),
            nn.Conv2d(widths[-1], shape[0], 3, padding=1),
            nn.Tanh(),
        )

    def _widths_at_64(self) -> list[int]:
        return [max(1, self.width // 2) * 2**halvings for halvings in range(5)]


def _rising_block(before: int, after: int, batch_norm: bool) -> nn.Module:
    """Return a block of the generator."""
    from torch import nn

    from bench.layers import Residual

    branch = nn.Sequential(
        *_activation(before, batch_norm),
        nn.Upsample(scale_factor=2),
        nn.Conv2d(before, after, 3, padding=1, bias=not batch_norm),
        *_activation(after, batch_norm),
        nn.Conv2d(after, after, 3, padding=1),
    )
    # A convolution of one pixel and repetition commute; in this order it is a quarter of the work.
    return Residual(branch, nn.Sequential(nn.Conv2d(before, after, 1), nn.Upsample(scale_factor=2)))


def _first_block(before: int, after: int) -> nn.Module:
    """Return the block of the discriminator that sees the image."""
    from torch import nn

    from bench.layers import Residual

    branch = nn.Sequential(
        nn.Conv2d(before, after, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(after, after, 3, padding=1),
        nn.AvgPool2d(2),
    )
    return Residual(branch, nn.Sequential(nn.AvgPool2d(2), nn.Conv2d(before, after, 1)))


def _falling_block(before: int, after: int, halves: bool) -> nn.Module:
    """Return another block of the discriminator."""
    from torch import nn

    from bench.layers import Residual

    branch = [
        nn.ReLU(),
        nn.Conv2d(before, before, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(before, after, 3, padding=1),
    ]
    if not halves:
        return Residual(nn.Sequential(*branch))
    shortcut = nn.Sequential(nn.AvgPool2d(2), nn.Conv2d(before, after, 1))
    return Residual(nn.Sequential(*branch, nn.AvgPool2d(2)), shortcut)


def _activation(channels: int, batch_norm: bool) -> list[nn.Module]:
    from torch import nn

    return [nn.BatchNorm2d(channels, eps=2e-5), nn.ReLU()] if batch_norm else [nn.ReLU()]


def _initialise(module: nn.Module) -> None:
    from torch import nn

    from bench.layers import Residual

    if isinstance(module, nn.Conv2d | nn.Linear | nn.Embedding):
        nn.init.xavier_uniform_(module.weight)
    if isinstance(module, nn.Conv2d | nn.Linear) and module.bias is not None:
        nn.init.zeros_(module.bias)
    # A module comes after its parts, so that this start replaces theirs.
    if isinstance(module, Residual):
        for part in module.branch.modules():
            if isinstance(part, nn.Conv2d):
                nn.init.xavier_uniform_(part.weight, math.sqrt(2))
