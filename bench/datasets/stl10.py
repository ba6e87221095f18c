"""STL-10, photographs, most of them without labels (Coates et al. 2011), 48×48, colour."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from bench.datasets.base import Chunks
from bench.datasets.shared.checks import check_settings
from bench.datasets.shared.published import Published
from bench.datasets.shared.splits import Labelled, split


@dataclass(frozen=True)
class Stl10(Published):
    """90,000 training, 10,000 validation and 8,000 test images without classes, 3×48×48.

    As Miyato et al. 2018 and most since have it: networks are trained with the 100,000 unlabelled
    images, here less those for validation, of 96×96 resized to 48×48 by a bicubic filter that
    antialiases. Test images are the dataset's own, of ten classes, whereas the unlabelled ones
    show further kinds of animals and vehicles: no network reaches an FID of 0 here. Papers differ
    in what their FIDs compare with, test images or the training images themselves.

    Attributes:
        size: Height and width of the images.
        labelled: Train with the 5,000 labelled images of ten classes instead.
        held_out: Training images that are the validation split; stratified by class where
            ``labelled``, and then at most 4,999.
    """

    origin: ClassVar[str] = "STL10"
    size: int = 48
    labelled: bool = False
    held_out: int = 10_000

    def __post_init__(self) -> None:
        check_settings(self.size, self.held_out)
        if self.labelled and self.held_out >= 5_000:
            raise ValueError(
                f"'held_out' is {self.held_out}; with 'labelled' it must be below 5000, as 500"
            )

    @property
    def shape(self) -> tuple[int, ...]:
        """Red, green and blue."""
        return (3, self.size, self.size)

    def files(self) -> dict[str, str]:
        """Return the files of the binary version that are read."""
        listed = [*self.torchvision.train_list, *self.torchvision.test_list]
        endings = ("X.bin", "y.bin") if self.labelled else ("X.bin",)
        read = {f"{half}_{ending}" for half in self._halves() for ending in endings}
        folder = self.torchvision.base_folder
        return {f"{folder}/{name}": digest for name, digest in listed if name in read}

    def fetch(self, folder: Path) -> None:
        """Fetch the archive, 2.6 GB, and unpack it, as torchvision does."""
        self.torchvision(folder, split="test", download=True)

    def read(self, folder: Path) -> dict[str, Chunks]:
        """Return the splits; images stay on disk until they are asked for."""
        self.check(folder)
        train, test = (self._half(folder, half) for half in self._halves())
        return split(train, test, self.held_out, self.size)

    def _halves(self) -> tuple[str, str]:
        return ("train" if self.labelled else "unlabeled"), "test"

    def _half(self, folder: Path, half: str) -> Labelled:
        base = folder / self.torchvision.base_folder
        # The files have each channel by columns.
        mapped = np.memmap(base / f"{half}_X.bin", np.uint8, "r").reshape(-1, 3, 96, 96)
        images = mapped.transpose(0, 1, 3, 2)
        if not self.labelled:
            return images, np.zeros(len(images), np.int64)
        return images, np.fromfile(base / f"{half}_y.bin", np.uint8).astype(np.int64) - 1
