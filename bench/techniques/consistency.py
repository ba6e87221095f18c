"""Consistency regularisation (Zhang et al. 2020, CR-GAN)."""

from dataclasses import dataclass

import torch
from torch import Tensor

from bench.techniques.base import Context, Critic, Noise, Penalty


@dataclass(frozen=True)
class Consistency(Penalty):
    """λ·E‖D(x) − D(T(x))‖² at real samples x, for changes T that should not matter.

    T shifts an image by up to some pixels along each axis, reflected at the border, and may
    mirror it; it adds Gaussian noise to a vector.

    Attributes:
        weight: λ.
        shift: Pixels that an image moves at most; the paper has 4 of 32, which is 1 of 8.
        flip: Mirror every other image from left to right. The paper does; digits have no mirror
            images.
        noise: Standard deviation of the noise on vectors, which the paper does not have.
    """

    title = "Consistency regularisation"
    reference = (
        "Zhang et al. 2020, Consistency Regularization for Generative Adversarial Networks, ICLR"
    )

    weight: float = 10.0
    shift: int = 1
    flip: bool = False
    noise: float = 0.05

    def __post_init__(self) -> None:
        """Raise ValueError if a setting is out of its range."""
        super().__post_init__()
        if self.shift < 0:
            raise ValueError(f"shift is {self.shift}; it must not be negative")
        if self.noise < 0:
            raise ValueError(f"noise is {self.noise}; it must not be negative")

    def penalty(self, critic: Critic, context: Context) -> Tensor:
        """Return λ·E‖D(x) − D(T(x))‖², summed over a critic's outputs."""
        changed = critic(self.change(context.real, context.noise))
        difference = (context.real_logits - changed).reshape(len(changed), -1)
        return self.weight * difference.square().sum(dim=1).mean()

    def change(self, samples: Tensor, noise: Noise) -> Tensor:
        """Return T(x) for each of the samples ``[B, features]`` or ``[B, channels, H, W]``.

        Raises:
            ValueError: The shift is not below an image's side.
        """
        if samples.ndim == 2:
            return samples + self.noise * noise.normal(*samples.shape)
        if self.shift >= min(samples.shape[2:]):
            raise ValueError(f"shift is {self.shift}; it must be below the side of the images")
        rows, columns = (
            self._places(noise.uniform(len(samples), 1), side) for side in samples.shape[2:]
        )
        if self.flip:
            mirrored = noise.uniform(len(samples), 1) < 0.5
            columns = torch.where(mirrored, samples.shape[3] - 1 - columns, columns)
        moved = torch.take_along_dim(samples, rows[:, None, :, None], dim=2)
        return torch.take_along_dim(moved, columns[:, None, None, :], dim=3)

    def _places(self, uniform: Tensor, side: int) -> Tensor:
        """Return from where each pixel along a side comes, ``[B, side]``."""
        moved = ((2 * self.shift + 1) * uniform).long() - self.shift
        places = (torch.arange(side, device=uniform.device) + moved).abs()
        return side - 1 - (side - 1 - places).abs()
