"""The CIFAR family: colour images in pickled batches."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.datasets.base import Chunks
from bench.datasets.shared.checks import check_settings
from bench.datasets.shared.published import Published
from bench.datasets.shared.splits import Labelled, split


@dataclass(frozen=True)
class Cifar(Published):
    """Colour images in the Python version of the files.

    Attributes:
        size: Height and width; another than the files' 32 is resized to.
        held_out: Training images that are the validation split.
    """

    size: int = 32
    held_out: int = 10_000

    def __post_init__(self) -> None:
        check_settings(self.size, self.held_out)

    @property
    def shape(self) -> tuple[int, ...]:
        """Red, green and blue."""
        return (3, self.size, self.size)

    def files(self) -> dict[str, str]:
        """Return the batches and their description."""
        origin = self.torchvision
        batches = [*origin.train_list, *origin.test_list]
        batches.append([origin.meta["filename"], origin.meta["md5"]])
        return {f"{origin.base_folder}/{name}": digest for name, digest in batches}

    def read(self, folder: Path) -> dict[str, Chunks]:
        """Return the splits."""
        # A pickle can run anything: none is opened whose digest is not the published one.
        self.check(folder)
        train, test = self._half(folder, True), self._half(folder, False)
        return split(train, test, self.held_out, self.size)

    def _half(self, folder: Path, train: bool) -> Labelled:
        with warnings.catch_warnings():
            # These pickles are old: numpy 2.4.0 to 2.4.4 warn of how they name their types.
            warnings.simplefilter("ignore")
            half = self.torchvision(folder, train=train)
        return half.data.transpose(0, 3, 1, 2), np.asarray(half.targets, np.int64)
