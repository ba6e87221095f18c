"""R3GAN's residual networks: no normalisation, Fix-up initialisation (Huang et al. 2024)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from bench.architectures.base import PLAIN, Architecture, Form, of_form, only_images

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class R3GANResNet(Architecture):
    """Two mirrored networks of inverted bottlenecks, config E of the paper in its code.

    A block adds to its input x: 1×1 convolution to twice the channels, lReLU, 3×3 convolution in
    groups of channels, lReLU, 1×1 convolution back, of which the first two have a bias. A stage
    is ``blocks`` of them at one resolution. Between stages, maps are doubled by bilinear
    interpolation or halved behind the same filter, and a 1×1 convolution changes the channels
    where they differ.

    The generator begins with learned maps, each times a linear function of z ~ N(0, I₆₄), and
    ends in a 1×1 convolution, with no bound on pixels. The discriminator begins with a 1×1
    convolution, and ends in one weighted sum over places for each channel and a linear layer.

    With L blocks in a network, weights are from N(0, g²/inputs) with g² = 2/(1 + 0.2²)·L^(−1/2)
    in the first two convolutions of a block, with g = 1 outside blocks, and zero in the third of
    a block: every block is the identity at first (Zhang et al. 2019). The learned maps are from
    N(0, 1), biases zero.

    Stages go from the image's side to one that is odd or at most 4: 32, 16, 8 and 4; 28, 14 and 7.
    All have ``width`` channels, but for 64×64, where the finest stage has half as many. The
    published network for CIFAR-10 has ``width: 768``; the default is a small one. The published
    last layer has no bias. As an autoencoder, the discriminator's features lead to a linear code
    as large as the latent, and a network like the generator leads back.

    Attributes:
        width: Channels.
        blocks: Blocks at each resolution.
        group: Channels in a group of a 3×3 convolution; ``width`` is a multiple of it.
    """

    batch_norm: ClassVar[bool] = False

    latent: int = 64
    width: int = 128
    blocks: int = 2
    group: int = 16

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.width % self.group:
            raise ValueError(f"width: {self.width} is not a multiple of group, {self.group}")

    def refusal(self, shape: tuple[int, ...]) -> str | None:
        """Return why not, for anything but square images of 1 or 3 channels, side 8 to 32 or 64."""
        sides = "whose side is 64 or a multiple of 4 from 8 to 32"
        return only_images("r3gan-resnet", shape, [*range(8, 33, 4), 64], sides)

    def generator(self, shape: tuple[int, ...]) -> nn.Module:
        """Build the generator."""
        from torch import nn

        from bench.layers import doubled

        *finer, coarsest = self._widths(shape[-1])
        side = shape[-1] // 2 ** len(finer)
        # On maps of one pixel, a transposed convolution by channel multiplies learned maps.
        maps = nn.ConvTranspose2d(coarsest, coarsest, side, groups=coarsest, bias=False)
        nn.init.normal_(maps.weight)
        linear = _scaled(nn.Linear(self.latent, coarsest, bias=False))
        layers: list[nn.Module] = [linear, nn.Unflatten(1, (coarsest, 1, 1)), maps]
        layers += self._stage(coarsest, len(finer) + 1)
        before = coarsest
        for after in reversed(finer):
            layers += [*_mixed(before, after), *doubled()]
            layers += self._stage(after, len(finer) + 1)
            before = after
        return nn.Sequential(*layers, _scaled(nn.Conv2d(before, shape[0], 1, bias=False)))

    def discriminator(self, shape: tuple[int, ...], form: Form = PLAIN) -> nn.Module:
        """Build the discriminator."""
        from torch import nn

        from bench.layers import halved

        *finer, coarsest = widths = self._widths(shape[-1])
        layers: list[nn.Module] = [_scaled(nn.Conv2d(shape[0], widths[0], 1, bias=False))]
        for before, after in zip(finer, widths[1:], strict=True):
            layers += self._stage(before, len(widths))
            layers += [*halved(), *_mixed(before, after)]
        layers += self._stage(coarsest, len(widths))
        side = shape[-1] // 2 ** len(finer)
        places = _scaled(nn.Conv2d(coarsest, coarsest, side, groups=coarsest, bias=False))
        return of_form(
            form,
            nn.Sequential(*layers, places, nn.Flatten()),
            coarsest,
            self.latent,
            lambda: self.generator(shape),
            _initialise,
        )

    def _stage(self, channels: int, stages: int) -> list[nn.Module]:
        """Return the blocks at one resolution of a network with so many."""
        from torch import nn

        from bench.layers import Residual

        gain = math.sqrt(2 / (1 + 0.2**2)) * (self.blocks * stages) ** -0.25
        wide = 2 * channels
        groups = wide // self.group

        def block() -> nn.Module:
            return Residual(
                nn.Sequential(
                    _scaled(nn.Conv2d(channels, wide, 1), gain),
                    nn.LeakyReLU(0.2),
                    _scaled(nn.Conv2d(wide, wide, 3, padding=1, groups=groups), gain),
                    nn.LeakyReLU(0.2),
                    _scaled(nn.Conv2d(wide, channels, 1, bias=False), 0.0),
                )
            )

        return [block() for _ in range(self.blocks)]

    def _widths(self, side: int) -> list[int]:
        """Return the channels at each resolution, finest first."""
        widths = [self.width // 2 if side == 64 and self.width > self.group else self.width]
        while side > 4 and side % 2 == 0:
            widths.append(self.width)
            side //= 2
        return widths


def _mixed(before: int, after: int) -> list[nn.Module]:
    """Return what changes the number of channels, if anything must."""
    from torch import nn

    return [] if before == after else [_scaled(nn.Conv2d(before, after, 1, bias=False))]


def _scaled(layer: nn.Conv2d | nn.Linear, gain: float = 1.0) -> nn.Conv2d | nn.Linear:
    """Return a layer with weights from N(0, gain²/inputs of a unit) and zero biases."""
    from torch import nn

    nn.init.normal_(layer.weight, 0.0, gain / math.sqrt(layer.weight[0].numel()))
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


def _initialise(module: nn.Module) -> None:
    """Set a linear layer's weights; those of the others depend on where they stand."""
    from torch import nn

    if isinstance(module, nn.Linear):
        _scaled(module)
