"""Real handwritten digits, 8×8 (scikit-learn's copy of the UCI test set, embedded)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.datasets.base import Chunks, ImageSource, Labels, Pixels


@dataclass(frozen=True)
class Digits(ImageSource):
    """1,197 training, 300 validation and 300 test images, stratified by class."""

    shape = (1, 8, 8)

    def read(self, folder: Path) -> dict[str, Chunks]:
        """Return the splits; grey levels 0 to 16 become bytes 0 to 255."""
        return {split: iter([both]) for split, both in splits().items()}


def splits() -> dict[str, tuple[Pixels, Labels]]:
    """Return images ``[n, 1, 8, 8]`` and labels ``[n]`` by split."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    digits = load_digits()
    images = np.rint(digits.images * (255 / 16)).astype(np.uint8)[:, None]
    labels = digits.target.astype(np.int64)
    train, held_out = train_test_split(
        np.arange(len(labels)), test_size=600, stratify=labels, random_state=0
    )
    validation, test = train_test_split(
        held_out, test_size=300, stratify=labels[held_out], random_state=0
    )
    chosen = {"train": train, "validation": validation, "test": test}
    return {split: (images[members], labels[members]) for split, members in chosen.items()}
