"""Stacked MNIST (Metz et al. 2017): three digits as colour channels, 1000 classes, 28×28."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from bench.datasets.base import Chunks
from bench.datasets.shared.idx import Idx
from bench.datasets.shared.stacks import check_counts, stacks


@dataclass(frozen=True)
class StackedMnist(Idx):
    """128,000 training stacks, as in PacGAN (Lin et al. 2018), of MNIST's files.

    Digits are drawn as :func:`bench.datasets.shared.stacks.stacks` says, those of a training stack
    from the 50,000 training images of ``mnist``, of a validation or a test stack from the 10,000
    of that split. PacGAN's repository draws from all 70,000, test images too, and anew in each
    run; here all seeds see the same stacks. R3GAN's public code (Huang et al. 2024) has no such
    set.

    Attributes:
        images: Training stacks.
        held_out_images: Validation stacks, and test stacks; the default is as many as PacGAN's
            protocol takes from a generator, so that real stacks can be measured by it.
        seed: Which stacks.
    """

    origin: ClassVar[str] = "MNIST"
    stacked = True
    images: int = 128_000
    held_out_images: int = 26_000
    seed: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_counts(self.images, self.held_out_images, self.seed)

    @property
    def shape(self) -> tuple[int, ...]:
        """Three channels, each a digit of its own."""
        return (3, self.size, self.size)

    def read(self, folder: Path) -> dict[str, Chunks]:
        """Return the splits."""
        return stacks(super().read(folder), self.images, self.held_out_images, self.seed)
