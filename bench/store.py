"""Images read once, kept as bytes on disk, and mapped from there by every run.

A dataset's folder in the cache is named by all that its content depends on: the source, its
settings, its code, and what it says of its own files. What lies there has a checksum, which is
compared at each opening.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock
from tqdm import tqdm

from bench import datasets
from bench.datasets.base import (
    SPLITS,
    Chunks,
    DataError,
    Dataset,
    Images,
    ImageSource,
    PointSource,
    checksum,
)
from bench.files import write_json
from bench.plugins import Part


def load(part: Part, name: str, cache: Path, folder: Path) -> Dataset:
    """Return a dataset; images are read and kept in ``cache`` if they are not there yet.

    Args:
        part: Its source.
        name: What the study calls it.
        cache: Folder of prepared images.
        folder: Where downloaded files are.

    Raises:
        DataError: Its files are missing or cannot be read.
    """
    source: Any = datasets.REGISTRY.make(part)
    if isinstance(source, PointSource):
        return source.mixture(name)
    try:
        return _prepared(source, name, cache / f"{part.name}-{_key(part, source, folder)}", folder)
    except DataError as error:
        raise DataError(f"dataset {name!r}: {error}") from None


def shipped(name: str, **settings: Any) -> Dataset:
    """Return a dataset that comes with the project, without keeping anything on disk.

    Raises:
        KeyError: There is none of this name.
    """
    source: Any = datasets.create(name, **settings)
    return source.mixture(name) if isinstance(source, PointSource) else in_memory(source, name)


def in_memory(source: ImageSource, name: str, folder: Path = Path("data")) -> Images:
    """Return images without keeping anything on disk."""
    pixels, labels = {}, {}
    for split, chunks in source.read(folder).items():
        parts = list(chunks)
        pixels[split] = np.concatenate([part for part, _ in parts])
        labels[split] = np.concatenate([part for _, part in parts])
    return Images(name, pixels, labels, checksum(pixels, labels), source.stacked)


def _key(part: Part, source: ImageSource, folder: Path) -> str:
    """Return hexadecimal digits that change with anything that the content depends on."""
    where = str(folder.resolve()), source.fingerprint(folder)
    content = [part.name, json.dumps(part.settings, sort_keys=True), *where]
    parts = [text.encode() for text in content]
    parts += [path.read_bytes() for path in datasets.REGISTRY.files(part)]
    return hashlib.blake2b(b"\0".join(parts), digest_size=8).hexdigest()


def _prepared(source: ImageSource, name: str, prepared: Path, folder: Path) -> Images:
    """Return the images in ``prepared``; read them if they are not there."""
    prepared.parent.mkdir(parents=True, exist_ok=True)
    # One process reads, the others wait for it.
    with FileLock(prepared.with_suffix(".lock")):
        try:
            return _open(prepared, name, source)
        except (OSError, EOFError, ValueError, KeyError, TypeError):
            # Not there yet, or not what was written.
            shutil.rmtree(prepared, ignore_errors=True)
        _prepare(source, name, folder, prepared)
        return _open(prepared, name, source)


def _prepare(source: ImageSource, name: str, folder: Path, prepared: Path) -> None:
    """Write every split beside ``prepared``, then move all of it into place."""
    # Under its lock, so that what a killed process left is nobody's.
    temporary = prepared.with_name(f".{prepared.name}-reading")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    try:
        for split, chunks in source.read(folder).items():
            _write(temporary, split, _shown(chunks, f"{name}, {split}"), source.shape)
        pixels, labels = _map(temporary)
        write_json(temporary / "about.json", {"checksum": checksum(pixels, labels)})
        temporary.replace(prepared)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _shown(chunks: Chunks, what: str) -> Chunks:
    """Yield the chunks, and show on a terminal how many images have gone by."""
    with tqdm(desc=what, unit=" images", disable=None) as bar:
        for images, labels in chunks:
            yield images, labels
            bar.update(len(images))


def _write(folder: Path, split: str, chunks: Chunks, shape: tuple[int, ...]) -> None:
    """Write raw bytes and labels as they come, so that memory holds one chunk."""
    count, labels = 0, []
    with (folder / f"{split}.bytes").open("wb") as file:
        for images, classes in chunks:
            if images.dtype != np.uint8 or images.shape[1:] != shape:
                raise DataError(f"{split}: images are {images.dtype} of shape {images.shape[1:]}")
            if len(classes) != len(images):
                raise DataError(f"{split}: {len(images)} images have {len(classes)} labels")
            file.write(np.ascontiguousarray(images).data)
            labels.append(classes)
            count += len(images)
    if not count:
        raise DataError(f"{split}: there are no images")
    np.save(folder / f"{split}-labels.npy", np.concatenate(labels))
    write_json(folder / f"{split}.json", {"shape": [count, *shape]})


def _map(folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    pixels, labels = {}, {}
    for split in SPLITS:
        shape = tuple(json.loads((folder / f"{split}.json").read_text(encoding="utf-8"))["shape"])
        pixels[split] = np.memmap(folder / f"{split}.bytes", np.uint8, "r", shape=shape)
        labels[split] = np.load(folder / f"{split}-labels.npy")
    return pixels, labels


def _open(folder: Path, name: str, source: ImageSource) -> Images:
    """Map the images in ``folder``.

    Raises:
        OSError: A file is missing.
        ValueError: The content is not what was written.
    """
    about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
    pixels, labels = _map(folder)
    if checksum(pixels, labels) != about["checksum"]:
        raise ValueError(f"{folder} is not what was written there")
    return Images(name, pixels, labels, about["checksum"], source.stacked)
