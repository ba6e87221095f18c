"""CelebA, faces of celebrities, aligned (Liu et al. 2015), 64×64, colour."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from bench.datasets.base import SPLITS, Chunks, DataError
from bench.datasets.shared.checks import check_settings
from bench.datasets.shared.pictures import pictures, reason
from bench.datasets.shared.published import Published

_IMAGES = "img_align_celeba"
_PARTITION, _ATTRIBUTES = "list_eval_partition.txt", "list_attr_celeba.txt"


@dataclass(frozen=True)
class Celeba(Published):
    """162,770 training, 19,867 validation and 19,962 test images, 3×64×64, split as published.

    Of the aligned images, 178×218, the middle square of side ``crop`` is resized to 64×64 by a
    bicubic filter that antialiases. A crop of 178 keeps the full width, as "resize to 64, then crop
    the centre" does; Lucic et al. 2018 cut 160, DCGAN's first code 108: FIDs of different crops
    are of different data. Published FIDs compare with test images (Lucic et al. 2018, 10,000 of
    them) or with training images.

    Attributes:
        size: Height and width of the images.
        crop: Side of the square, at most 178.
        attribute: Which of the 40 attributes is the label, as ``Smiling``: 1 where an image has it.
            Without one, labels are 0.
    """

    origin: ClassVar[str] = "CelebA"
    size: int = 64
    crop: int = 178
    attribute: str = ""

    def __post_init__(self) -> None:
        check_settings(self.size)
        if not 1 <= self.crop <= 178:
            raise ValueError(f"'crop' is {self.crop}; it must be from 1 to 178")

    @property
    def shape(self) -> tuple[int, ...]:
        """Red, green and blue."""
        return (3, self.size, self.size)

    def files(self) -> dict[str, str]:
        """Return the lists that are read; the images' own digests are nowhere published."""
        names = [_PARTITION, _ATTRIBUTES] if self.attribute else [_PARTITION]
        digests = {name: digest for _, digest, name in self.torchvision.file_list}
        return {f"{self.torchvision.base_folder}/{name}": digests[name] for name in names}

    def check(self, folder: Path) -> None:
        """Check the lists, and that every image that they name is there."""
        super().check(folder)
        lacking = self._lacking(folder)
        if lacking:
            raise self.missing(lacking[0], folder)

    def fetch(self, folder: Path) -> None:
        """Fetch the lists and the archive of images, and unpack it.

        Not torchvision's own order: it fetches three more lists, and takes a folder of images that
        was unpacked in part for whole.
        """
        from torchvision.datasets.utils import check_integrity, download_file_from_google_drive

        base, wanted = self._base(folder), {Path(name).name for name in self.files()}
        sources = {
            name: (identity, digest) for identity, digest, name in self.torchvision.file_list
        }

        def get(name: str) -> Path:
            identity, digest = sources[name]
            # The helper wants a package for Google Drive even for what is there.
            if not check_integrity(base / name, digest):
                download_file_from_google_drive(identity, base, name, digest)
            return base / name

        for name in wanted:
            get(name)
        if not self._lacking(folder):
            return
        with zipfile.ZipFile(get(f"{_IMAGES}.zip")) as archive:
            for member in archive.infolist():
                path = base / member.filename
                if not path.is_file() or path.stat().st_size != member.file_size:
                    archive.extract(member, base)

    def places(self, folder: Path) -> str:
        """Return which files to put where, as a clause."""
        base = self._base(folder)
        return (
            f"{super().places(folder)}, and the 202,599 .jpg files into {base / _IMAGES} (Google "
            f"Drive often refuses for a day: {_IMAGES}.zip from elsewhere, put into {base}, is "
            "unpacked)"
        )

    def read(self, folder: Path) -> dict[str, Chunks]:
        """Return the splits; images stay on disk until they are asked for."""
        self.check(folder)
        images = self._base(folder) / _IMAGES
        parts = {name: int(part) for name, (part, *_) in self._table(folder, _PARTITION)}
        labels = self._labels(folder)
        chosen = {
            split: [name for name, part in parts.items() if part == number]
            for number, split in enumerate(SPLITS)
        }
        return {
            split: pictures(
                [images / name for name in names],
                np.array([labels.get(name, 0) for name in names], np.int64),
                *(3, self.size, self.crop),
            )
            for split, names in chosen.items()
        }

    def _lacking(self, folder: Path) -> list[Path]:
        """Return the images that are listed and not there."""
        images = self._base(folder) / _IMAGES
        there = {path.name for path in images.iterdir()} if images.is_dir() else set()
        listed = self._table(folder, _PARTITION)
        return [images / name for name, _ in listed if name not in there]

    def _labels(self, folder: Path) -> dict[str, int]:
        if not self.attribute:
            return {}
        ((_, _), (first, others), *rows) = self._table(folder, _ATTRIBUTES)
        names = [first, *others]
        if self.attribute not in names:
            raise DataError(
                f"CelebA has no attribute {self.attribute!r}; it has {', '.join(names)}"
            )
        column = names.index(self.attribute)
        return {name: int(values[column] == "1") for name, values in rows}

    def _table(self, folder: Path, name: str) -> list[tuple[str, list[str]]]:
        """Return the first word and the others of each line."""
        path = self._base(folder) / name
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(f"{path} cannot be read: {reason(error)}") from None
        words = [line.split() for line in lines if line.strip()]
        return [(first, others) for first, *others in words]

    def _base(self, folder: Path) -> Path:
        return folder / str(self.torchvision.base_folder)
