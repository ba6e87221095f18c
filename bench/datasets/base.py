"""What a dataset is: its source, which a study plans with, and its samples, which runs see.

Sources and datasets are numpy throughout: planning a study and drawing its report need shapes
and modes, and neither imports torch.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from bench.datasets.shared.mixture import Array, Batch, Mixture

__all__ = [
    "SPLITS",
    "Array",
    "Batch",
    "Chunks",
    "DataError",
    "Dataset",
    "ImageSource",
    "Images",
    "Labels",
    "Mixture",
    "Pixels",
    "PointSource",
    "Samples",
    "Source",
    "checksum",
]

Pixels = NDArray[np.uint8]
Labels = NDArray[np.int64]
#: Points, or images as networks see them, or images as bytes.
Samples = NDArray[Any]

#: The splits of images: what training sees; what chooses snapshots and reads the losses; what
#: reported numbers are measured against, and is used for nothing else.
SPLITS = ("train", "validation", "test")
#: Bytes that are hashed at once.
_BLOCK = 2**24


@dataclass(frozen=True)
class Images:
    """Images with three disjoint splits.

    Attributes:
        name: The dataset's name.
        pixels: By split (:data:`SPLITS`), uint8, shape ``[n, C, H, W]``; perhaps mapped from disk.
            Networks see a byte b as b/127.5 − 1.
        labels: By split, the classes, shape ``[n]``; 0 throughout where there are none.
        checksum: Hexadecimal digits that change with any pixel or label of any split.
        stacked: The channels are images of their own, each of one of ten classes, and a stack's
            class is their number, the first channel's digit first.
    """

    kind: ClassVar[str] = "images"
    name: str
    pixels: Mapping[str, Pixels]
    labels: Mapping[str, Labels]
    checksum: str = ""
    stacked: bool = False

    @classmethod
    def of(cls, name: str, splits: Mapping[str, tuple[Pixels, Labels]], **more: Any) -> Images:
        """Return images from ``(pixels, labels)`` by split; ``more`` are further attributes."""
        pixels = {split: images for split, (images, _) in splits.items()}
        return cls(name, pixels, {split: labels for split, (_, labels) in splits.items()}, **more)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one sample, ``(C, H, W)``."""
        return self.pixels["train"].shape[1:]

    @cached_property
    def classes(self) -> int:
        """Number of classes; labels are 0 to ``classes`` − 1."""
        if self.stacked:
            return int(10 ** self.shape[0])
        return int(self.labels["train"].max()) + 1

    @property
    def extent(self) -> float:
        """The largest absolute value that a network sees."""
        return 1.0


def checksum(pixels: Mapping[str, Pixels], labels: Mapping[str, Labels]) -> str:
    """Return hexadecimal digits that change with any pixel or label of any split."""
    digest = hashlib.blake2b(digest_size=16)
    for split in SPLITS:
        digest.update(repr((split, pixels[split].shape)).encode())
        for array in (pixels[split], labels[split]):
            flat = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
            for start in range(0, len(flat), _BLOCK):
                digest.update(flat[start : start + _BLOCK].data)
    return digest.hexdigest()


Dataset = Mixture | Images
#: Parts of a split, in its order: some images ``[b, C, H, W]`` and their labels ``[b]``.
Chunks = Iterator[tuple[Pixels, Labels]]


@dataclass(frozen=True)
class Source(ABC):
    """Where a dataset comes from; its fields are its settings, with defaults.

    A study makes one when it is planned, so that nothing is read or computed before a sample is
    asked for. Derive from :class:`PointSource` or :class:`ImageSource`.
    """

    kind: ClassVar[str]

    @property
    @abstractmethod
    def shape(self) -> tuple[int, ...]:
        """Shape of one sample."""


@dataclass(frozen=True)
class PointSource(Source):
    """Points whose density is known; ``kind`` is that of their :class:`Mixture`."""

    kind: ClassVar[str] = "mixture"

    @abstractmethod
    def mixture(self, name: str) -> Mixture:
        """Return the density, called ``name``."""


@dataclass(frozen=True)
class ImageSource(Source):
    """Images that are read once, kept as bytes (:mod:`bench.store`), and mapped by every run.

    Class attributes:
        downloads: Its files come from the network, by :meth:`download`.
        stacked: See :class:`Images`.
    """

    kind: ClassVar[str] = "images"
    downloads: ClassVar[bool] = False
    stacked: ClassVar[bool] = False

    def download(self, folder: Path) -> None:
        """Fetch into ``folder`` what is not there yet.

        Raises:
            DataError: It cannot be had; the message says which files to put where.
        """

    def fingerprint(self, folder: Path) -> str:
        """Return a text that changes with the files, where a user may change them."""
        return ""

    @abstractmethod
    def read(self, folder: Path) -> dict[str, Chunks]:
        """Return the images of every split (:data:`SPLITS`), read as they are asked for.

        Args:
            folder: Where downloaded files are.

        Raises:
            DataError: A file is missing or cannot be read; the message names it.
        """


class DataError(ValueError):
    """Data that are not there, or cannot be read, in one line that names the file."""
