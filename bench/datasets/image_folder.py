"""Any folder of images: class folders or flat, one folder or one for each split."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.datasets.base import SPLITS, Chunks, DataError, ImageSource
from bench.datasets.shared.checks import check_settings
from bench.datasets.shared.folders import Found, find
from bench.datasets.shared.pictures import pictures
from bench.datasets.shared.splits import hold_out, ranks


@dataclass(frozen=True)
class ImageFolder(ImageSource):
    """Images of any size and mode, cut to their middle square and resized; split by a hash.

    Classes are the folders inside ``path``, in order of their names, as torchvision's
    ``ImageFolder`` has them; images directly in ``path`` have none, and label 0. Where all folders
    are called ``train``, ``test``, or ``val``, ``valid`` or ``validation``, and ``train`` is one,
    they are the splits, each with class folders or flat. A split that has no folder is held out
    from the training images: of every class those whose relative path has the smallest hash, so
    that an image added later moves few others. Hidden files, and files whose ending is no
    picture's, are passed over. :mod:`bench.datasets.shared.pictures` says how a picture becomes
    bytes.

    Attributes:
        path: The folder, absolute or from the study's data folder.
        size: Height and width of the images.
        channels: 1 for grey, 3 for colour.
        held_out: Images of the validation split, and of the test split: a share of all if below 1,
            or their number.
    """

    path: str = "images"
    size: int = 64
    channels: int = 3
    held_out: float = 0.1

    def __post_init__(self) -> None:
        check_settings(self.size, self.held_out, self.channels)

    @property
    def shape(self) -> tuple[int, ...]:
        """Grey, or red, green and blue."""
        return (self.channels, self.size, self.size)

    def fingerprint(self, folder: Path) -> str:
        """Return a text that changes with the name, size or time of any image.

        Raises:
            DataError: There are none.
        """
        root, digest = folder / self.path, hashlib.blake2b(digest_size=16)
        for image in find(root):
            about = (root / image.path).stat()
            digest.update(os.fsencode(image.path))
            digest.update(f"\0{about.st_size} {about.st_mtime_ns}\0".encode())
        return digest.hexdigest()

    def read(self, folder: Path) -> dict[str, Chunks]:
        """Return the splits; images stay on disk until they are asked for."""
        root = folder / self.path
        splits = self._splits(root, find(root))
        groups = sorted({image.group for image in splits["train"]})
        labels = {group: label for label, group in enumerate(groups)}
        for image in (image for split in SPLITS for image in splits[split]):
            if image.group not in labels:
                raise DataError(
                    f"{root / image.path} is of class {image.group!r}, which has no training "
                    f"image, or none that is not held out; there is: {', '.join(groups)}"
                )
        return {
            split: pictures(
                [root / image.path for image in splits[split]],
                np.array([labels[image.group] for image in splits[split]], np.int64),
                *(self.channels, self.size),
            )
            for split in SPLITS
        }

    def _splits(self, root: Path, found: list[Found]) -> dict[str, list[Found]]:
        splits = {name: [image for image in found if image.split == name] for name in SPLITS}
        train = splits["train"] or found
        count = int(self.held_out if self.held_out >= 1 else max(1, self.held_out * len(train)))
        lacking = [split for split in ("test", "validation") if not splits[split]]
        if count * len(lacking) >= len(train):
            raise DataError(
                f"{root} has {len(train):,} training images; too few to hold out {count:,} for "
                f"{' and for '.join(lacking)}"
            )
        for split in lacking:
            groups = np.unique([image.group for image in train], return_inverse=True)[1]
            order = ranks(os.fsencode(image.path) for image in train)
            chosen = {int(index) for index in hold_out(groups, order, count)}
            splits[split] = [train[index] for index in sorted(chosen)]
            train = [image for index, image in enumerate(train) if index not in chosen]
        return {**splits, "train": train}
