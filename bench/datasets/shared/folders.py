"""Folders of images: which files are images, of which split, of which class."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.datasets.base import DataError
from bench.datasets.shared.pictures import ENDINGS, reason

#: The split that a folder of this name is.
_SPLITS = {
    "train": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
}


@dataclass(frozen=True)
class Found:
    """An image in a folder.

    Attributes:
        path: Its path, relative to the folder.
        split: Its split; ``""`` where folders do not say.
        group: The folder that is its class; ``""`` where there is none.
    """

    path: Path
    split: str
    group: str


def find(root: Path) -> list[Found]:
    """Return the images below ``root``, ordered by path.

    Folders are splits where they are called ``train``, ``val``, ``valid``, ``validation`` or
    ``test``, all of them, and ``train`` is one. The next folder is the class.

    Raises:
        DataError: A folder is missing or cannot be read, there is no image, or images lie beside
            class folders.
    """
    if not root.is_dir():
        wrong = "is no folder" if root.exists() else "is not there"
        raise DataError(f"{root} {wrong}; 'path' must be a folder of images")
    paths = sorted(path.relative_to(root) for path in _below(root, ()))
    if not paths:
        raise DataError(f"{root} has no images (no file that ends in {', '.join(ENDINGS)})")
    tops = {path.parts[0] if len(path.parts) > 1 else "" for path in paths}
    depth = 1 if "train" in tops and tops <= set(_SPLITS) else 0
    found = [
        Found(
            path,
            _SPLITS[path.parts[0]] if depth else "",
            path.parts[depth] if len(path.parts) > depth + 1 else "",
        )
        for path in paths
    ]
    loose = [image.path for image in found if not image.group]
    if 0 < len(loose) < len(found):
        raise DataError(
            f"{root / loose[0]} lies beside folders of images; put it into one of them (folders "
            "are classes), or put all images into one folder (there are no classes)"
        )
    return found


def _below(folder: Path, above: tuple[Path, ...]) -> Iterator[Path]:
    """Yield the images in a folder and the folders in it; links are followed, once."""
    place = folder.resolve()
    if place in above:
        return
    try:
        entries = list(os.scandir(folder))
    except OSError as error:
        raise DataError(f"{folder} cannot be read: {reason(error)}") from None
    for entry in entries:
        path = folder / entry.name
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            yield from _below(path, (*above, place))
        elif path.suffix.lower() in ENDINGS:
            # A pipe would wait for ever.
            if not entry.is_file():
                raise DataError(f"{path} is no file, or a link to none")
            yield path
