"""The MNIST family: images and labels in idx files, plain or gzipped."""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.datasets.base import Chunks, DataError, Pixels
from bench.datasets.shared.checks import check_settings
from bench.datasets.shared.pictures import reason
from bench.datasets.shared.published import Published
from bench.datasets.shared.splits import Labelled, split

_IMAGES, _LABELS = "images-idx3-ubyte", "labels-idx1-ubyte"


@dataclass(frozen=True)
class Idx(Published):
    """Ten classes of grey images in four files.

    Attributes:
        size: Height and width; another than the files' 28 is resized to.
        held_out: Training images that are the validation split.
    """

    size: int = 28
    held_out: int = 10_000

    def __post_init__(self) -> None:
        check_settings(self.size, self.held_out)

    @property
    def shape(self) -> tuple[int, ...]:
        """One channel, grey."""
        return (1, self.size, self.size)

    def files(self) -> dict[str, str]:
        """Return the unpacked files; torchvision has digests of the packed ones only."""
        names = [
            f"{half}-{content}" for half in ("train", "t10k") for content in (_IMAGES, _LABELS)
        ]
        return {f"{self.origin}/raw/{name}": "" for name in names}

    def check(self, folder: Path) -> None:
        """Check that the files can be read; gzip has its own checksum, plain files their size."""
        for half in ("train", "t10k"):
            self.half(folder, half)

    def fetch(self, folder: Path) -> None:
        """Fetch or unpack what is missing, or was cut short: torchvision takes such for whole."""
        for name in self.files():
            path = folder / name
            if path.is_file():
                try:
                    _idx(path)
                except DataError:
                    path.unlink()
        super().fetch(folder)

    def read(self, folder: Path) -> dict[str, Chunks]:
        """Return the splits."""
        train, test = self.half(folder, "train"), self.half(folder, "t10k")
        return split(train, test, self.held_out, self.size)

    def half(self, folder: Path, half: str) -> Labelled:
        """Return all images ``[n, 1, 28, 28]`` and labels of ``"train"`` or ``"t10k"``.

        Raises:
            DataError: A file is missing or damaged.
        """
        paths = [self._path(folder, f"{half}-{content}") for content in (_IMAGES, _LABELS)]
        images, labels = map(_idx, paths)
        if images.shape[1:] != (28, 28) or labels.shape != images.shape[:1]:
            raise DataError(
                f"{paths[0]} and {paths[1]} do not belong together: "
                f"they have shapes {images.shape} and {labels.shape}"
            )
        return images[:, None], labels.astype(np.int64)

    def places(self, folder: Path) -> str:
        """Return which files to put where, as a clause."""
        return super().places(folder) + " (or the same with .gz)"

    def _path(self, folder: Path, name: str) -> Path:
        plain = folder / self.origin / "raw" / name
        packed = plain.with_name(f"{name}.gz")
        for path in (plain, packed):
            if path.is_file():
                return path
        raise self.missing(plain, folder)


def _idx(path: Path) -> Pixels:
    """Return the array of bytes in an idx file: magic number, sizes, content.

    Raises:
        DataError: It is damaged, or no such file.
    """
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            content = file.read()
        zeros, kind, rank = struct.unpack_from(">HBB", content)
        sizes = struct.unpack_from(f">{rank}I", content, 4)
    except (OSError, EOFError, zlib.error, struct.error) as error:
        raise DataError(f"{path} cannot be read: {reason(error)}") from None
    if (zeros, kind) != (0, 8):
        raise DataError(f"{path} is no idx file of bytes")
    if len(content) != 4 + 4 * rank + math.prod(sizes):
        shape = "×".join(map(str, sizes))
        raise DataError(f"{path} is damaged: it should hold {shape} bytes, and has another length")
    return np.frombuffer(content, np.uint8, offset=4 + 4 * rank).reshape(sizes)
