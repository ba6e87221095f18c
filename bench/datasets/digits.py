"""Real handwritten digits, 8×8 (scikit-learn's copy of the UCI test set, embedded)."""

from __future__ import annotations

import numpy as np

from bench.datasets.base import Images


def load() -> Images:
    """Return 1,197 training, 300 validation and 300 test images, x/8 − 1, stratified by class."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    digits = load_digits()
    images = (digits.images / 8 - 1).astype(np.float32)[:, None]
    labels = digits.target.astype(np.int64)
    train, held_out = train_test_split(
        np.arange(len(labels)), test_size=600, stratify=labels, random_state=0
    )
    validation, test = train_test_split(
        held_out, test_size=300, stratify=labels[held_out], random_state=0
    )
    return Images(
        "digits",
        images[train],
        images[validation],
        images[test],
        labels[train],
        labels[validation],
        labels[test],
    )
