"""InfoGAN's networks as Lucic et al. 2018 compared objectives with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from bench.architectures.base import PLAIN, Architecture, Form, of_form, only_images

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class InfoGAN(Architecture):
    """Two (transposed) convolutions and one or two large linear layers (Chen et al. 2016, table 1).

    | generator | discriminator |
    | --- | --- |
    | z ~ U(−1, 1), 64 numbers | s×s image |
    | linear 1024, BN, lReLU | 4×4 convolution 64, stride 2, lReLU |
    | linear 128·(s/4)², BN, lReLU | 4×4 convolution 128, stride 2, BN, lReLU |
    | 4×4 transposed convolution 64, stride 2, BN, lReLU | linear 1024, BN, lReLU |
    | 4×4 transposed convolution to the image, stride 2 | linear |

    As in the published code of Lucic et al.: slopes 0.2 in both networks (InfoGAN's generator has
    ReLU), batch normalisation of a linear layer unit by unit with ε = 10⁻³, weights from
    N(0, 0.02²), in the discriminator's convolutions cut off at two standard deviations, biases
    zero. There images are on [0, 1] behind a sigmoid; here on [−1, 1] behind tanh. Running
    statistics move by 0.1 a step, there by 0.001. A bias that batch normalisation would make idle
    is left out.

    As an autoencoder, the discriminator's features lead to a linear code as large as the latent,
    and a network like the generator leads back.

    Attributes:
        width: Channels of the finer maps; the coarser ones have twice as many.
        hidden: Units of the linear layers at 1024.
        batch_normalised: Whether the discriminator has batch normalisation where an objective
            allows it. The paper searches over this.
    """

    latent_distribution: ClassVar[Literal["normal", "uniform"]] = "uniform"

    latent: int = 64
    width: int = 64
    hidden: int = 1024
    batch_normalised: bool = True

    @property
    def batch_norm(self) -> bool:
        """Both networks have batch normalisation."""
        return self.batch_normalised

    def refusal(self, shape: tuple[int, ...]) -> str | None:
        """Return why not, for anything but square images of 1 or 3 channels, side 8 to 64."""
        sides = "whose side is a multiple of 4 from 8 to 64"
        return only_images("infogan", shape, range(8, 65, 4), sides)

    def generator(self, shape: tuple[int, ...]) -> nn.Module:
        """Build the generator."""
        return self._rise(shape, True).apply(_initialise)

    def discriminator(self, shape: tuple[int, ...], form: Form = PLAIN) -> nn.Module:
        """Build the discriminator."""
        from torch import nn

        batch_norm = form.batch_norm and self.batch_normalised
        width, coarse = self.width, 2 * self.width * (shape[-1] // 4) ** 2
        body = nn.Sequential(
            nn.Conv2d(shape[0], width, 4, stride=2, padding=1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(width, 2 * width, 4, stride=2, padding=1, bias=not batch_norm),
            *_activation(nn.BatchNorm2d, 2 * width, batch_norm, running=False),
            nn.Flatten(),
            nn.Linear(coarse, self.hidden, bias=not batch_norm),
            *_activation(nn.BatchNorm1d, self.hidden, batch_norm, running=False),
        )
        return of_form(
            form,
            body,
            self.hidden,
            self.latent,
            lambda: self._rise(shape, batch_norm, running=False),
            _initialise,
        )

    def _rise(self, shape: tuple[int, ...], batch_norm: bool, running: bool = True) -> nn.Module:
        """Return a network from latents to images, with or without running statistics."""
        from torch import nn

        width, side = self.width, shape[-1] // 4
        coarse = 2 * width * side**2
        return nn.Sequential(
            nn.Linear(self.latent, self.hidden, bias=not batch_norm),
            *_activation(nn.BatchNorm1d, self.hidden, batch_norm, running),
            nn.Linear(self.hidden, coarse, bias=not batch_norm),
            *_activation(nn.BatchNorm1d, coarse, batch_norm, running),
            nn.Unflatten(1, (2 * width, side, side)),
            nn.ConvTranspose2d(2 * width, width, 4, stride=2, padding=1, bias=not batch_norm),
            *_activation(nn.BatchNorm2d, width, batch_norm, running),
            nn.ConvTranspose2d(width, shape[0], 4, stride=2, padding=1),
            nn.Tanh(),
        )


def _activation(
    norm: type[nn.BatchNorm1d | nn.BatchNorm2d], units: int, batch_norm: bool, running: bool
) -> list[nn.Module]:
    from torch import nn

    normalised = [norm(units, eps=1e-3, track_running_stats=running)] if batch_norm else []
    return [*normalised, nn.LeakyReLU(0.2)]


def _initialise(module: nn.Module) -> None:
    from torch import nn

    if isinstance(module, nn.Conv2d):
        nn.init.trunc_normal_(module.weight, 0.0, 0.02, -0.04, 0.04)
    elif isinstance(module, nn.ConvTranspose2d | nn.Linear | nn.Embedding):
        nn.init.normal_(module.weight, 0.0, 0.02)
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear) and module.bias is not None:
        nn.init.zeros_(module.bias)
