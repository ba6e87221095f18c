"""Stacks of three of scikit-learn's handwritten digits as colour channels: 1000 classes, 8×8."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bench.datasets.base import Chunks, ImageSource
from bench.datasets.digits import splits
from bench.datasets.shared.stacks import check_counts, stacks


@dataclass(frozen=True)
class StackedDigits(ImageSource):
    """Stacked MNIST (Metz et al. 2017) in small, embedded, 3×8×8.

    A training stack is three of the 1,197 training images of ``digits``, a validation or a test
    stack three of the 300 of that split. Digits are drawn as
    :func:`bench.datasets.shared.stacks.stacks` says; here their classes are equally frequent to
    4 %.

    Attributes:
        images: Training stacks.
        held_out_images: Validation stacks, and test stacks; the default is as many as PacGAN's
            protocol takes from a generator, so that real stacks can be measured by it.
        seed: Which stacks.
    """

    shape = (3, 8, 8)
    stacked = True
    images: int = 25_600
    held_out_images: int = 26_000
    seed: int = 0

    def __post_init__(self) -> None:
        check_counts(self.images, self.held_out_images, self.seed)

    def read(self, folder: Path) -> dict[str, Chunks]:
        """Return the splits; grey levels are those of ``digits``."""
        digits = {split: iter([both]) for split, both in splits().items()}
        return stacks(digits, self.images, self.held_out_images, self.seed)
