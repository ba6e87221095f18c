"""SVHN, house numbers in the street, cropped to digits (Netzer et al. 2011), 32×32, colour."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from bench.datasets.base import Chunks
from bench.datasets.shared.checks import check_settings
from bench.datasets.shared.published import Published
from bench.datasets.shared.splits import split


@dataclass(frozen=True)
class Svhn(Published):
    """63,257 training, 10,000 validation and 26,032 test images of ten digits, 3×32×32.

    Validation images are of the 73,257 training images, stratified by class; test images are the
    dataset's own. The 531,131 easier ones called "extra" are not used. Label 0 is the digit 0.

    Attributes:
        size: Height and width; another than the files' 32 is resized to.
        held_out: Training images that are the validation split.
    """

    origin: ClassVar[str] = "SVHN"
    size: int = 32
    held_out: int = 10_000

    def __post_init__(self) -> None:
        check_settings(self.size, self.held_out)

    @property
    def shape(self) -> tuple[int, ...]:
        """Red, green and blue."""
        return (3, self.size, self.size)

    def files(self) -> dict[str, str]:
        """Return the two files, which lie in the data folder itself."""
        listed = (self.torchvision.split_list[half] for half in ("train", "test"))
        return {name: digest for _, name, digest in listed}

    def fetch(self, folder: Path) -> None:
        """Fetch what is missing, as torchvision does."""
        for half in ("train", "test"):
            self.torchvision(folder, split=half, download=True)

    def read(self, folder: Path) -> dict[str, Chunks]:
        """Return the splits."""
        self.check(folder)
        train, test = (self.torchvision(folder, split=half) for half in ("train", "test"))
        return split((train.data, train.labels), (test.data, test.labels), self.held_out, self.size)
