"""Digits stacked as colour channels: a thousand classes, none of which is rare."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bench.datasets.base import SPLITS, Chunks

#: Stacks that are in memory at once.
_CHUNK = 4096


def stacks(
    digits: Mapping[str, Chunks], images: int, held_out: int, seed: int
) -> dict[str, Chunks]:
    """Return stacks of each split's own digits, so that no digit is in two splits.

    Each channel is drawn uniformly from the digits, not from the classes, independently and with
    replacement, as PacGAN's repository does: the classes are as likely as the product of their
    digits' frequencies.

    Args:
        digits: One-channel images ``[b, 1, H, W]`` and labels 0 to 9 by split.
        images: Training stacks.
        held_out: Validation stacks, and test stacks.
        seed: Which stacks; a split's do not depend on how many the others have.
    """
    counts = {"train": images, "validation": held_out, "test": held_out}
    return {
        split: _stacked(digits[split], counts[split], (seed, number))
        for number, split in enumerate(SPLITS)
    }


def check_counts(images: int, held_out_images: int, seed: int) -> None:
    """Check the settings that stacks have in common.

    Raises:
        ValueError: One makes no sense; the message names it.
    """
    for name, value in {"images": images, "held_out_images": held_out_images}.items():
        if value < 1:
            raise ValueError(f"{name!r} is {value}; it must be at least 1")
    if seed < 0:
        raise ValueError(f"'seed' is {seed}; it must be at least 0")


def _stacked(digits: Chunks, count: int, seed: tuple[int, int]) -> Chunks:
    parts = list(digits)
    pixels = np.concatenate([part for part, _ in parts])[:, 0]
    labels = np.concatenate([part for _, part in parts])
    # Drawn at once: the size of a chunk must not show in them.
    picks = np.random.default_rng(seed).integers(len(labels), size=(count, 3))
    for start in range(0, count, _CHUNK):
        chosen = picks[start : start + _CHUNK]
        yield pixels[chosen], labels[chosen] @ np.array([100, 10, 1])
