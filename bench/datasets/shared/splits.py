"""Splits of images: which are held out, and reading them a chunk at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from bench.datasets.base import Chunks, DataError, Labels, Pixels
from bench.datasets.shared.pictures import resize

#: Images that are in memory at once.
CHUNK = 1024

Members = NDArray[np.int64]
#: Images ``[n, C, H, W]``, perhaps mapped from disk, and their labels ``[n]``.
Labelled = tuple[Pixels, Labels]


def ranks(names: Iterable[bytes]) -> NDArray[np.uint64]:
    """Return a number for each name, its hash: an order that looks random and never changes.

    A name's number depends on no other name, so that a sample more moves few others between
    splits; and unlike a generator's stream it is the same in every version of numpy.
    """
    digests = (hashlib.blake2b(name, digest_size=8).digest() for name in names)
    return np.array([int.from_bytes(digest, "big") for digest in digests], np.uint64)


def hold_out(labels: Labels, order: NDArray[np.uint64], count: int) -> Members:
    """Return ``count`` samples, stratified by class: of each class those that come first.

    Args:
        labels: Classes, shape ``[n]``.
        order: What samples are ordered by, shape ``[n]``.
        count: How many; classes have as near to their share of these as whole numbers allow.

    Returns:
        Indices, ascending.
    """
    classes, sizes = np.unique(labels, return_counts=True)
    share = count * sizes / max(len(labels), 1)
    counts = np.floor(share).astype(int)
    counts[np.argsort(counts - share, kind="stable")[: count - counts.sum()]] += 1
    parts = []
    for label, number in zip(classes, counts, strict=True):
        members = np.flatnonzero(labels == label)
        parts.append(members[np.argsort(order[members], kind="stable")[:number]])
    return np.sort(np.concatenate(parts)) if parts else np.empty(0, np.int64)


def split(train: Labelled, test: Labelled, held_out: int, size: int) -> dict[str, Chunks]:
    """Return the three splits of a dataset that has a training and a test split.

    Args:
        train: Its training split, of which ``held_out`` images become the validation split, chosen
            by a hash of their position, stratified by class.
        test: Its test split.
        held_out: Number of validation images.
        size: Height and width of the images returned.

    Raises:
        DataError: Nothing would be left to train with.
    """
    labels = train[1]
    if held_out >= len(labels):
        raise DataError(
            f"there are {len(labels):,} training images, of which 'held_out' sets {held_out:,} "
            "aside for validation; it must leave some"
        )
    validation = hold_out(labels, ranks(b"%d" % index for index in range(len(labels))), held_out)
    kept = np.setdiff1d(np.arange(len(labels)), validation)
    return {
        "train": chunks(train, kept, size),
        "validation": chunks(train, validation, size),
        "test": chunks(test, np.arange(len(test[1])), size),
    }


def chunks(images: Labelled, members: Members, size: int) -> Chunks:
    """Yield the images ``members`` and their labels, resized to ``size``."""
    pixels, labels = images
    for start in range(0, len(members), CHUNK):
        block = members[start : start + CHUNK]
        yield resize(np.ascontiguousarray(pixels[block]), size), labels[block]
