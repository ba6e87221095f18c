"""Images between the two forms they have: bytes, and values in [-1, 1]."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def to_unit(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Map bytes b to b/127.5 − 1, as networks see them."""
    return (pixels / np.float32(127.5) - 1).astype(np.float32)


def to_bytes(images: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Map images from [-1, 1] to the nearest of 0…255; values outside are clipped.

    Args:
        images: Finite values, any shape.
    """
    pixels: NDArray[np.uint8] = np.rint(np.clip(images, -1, 1) * 127.5 + 127.5).astype(np.uint8)
    return pixels
