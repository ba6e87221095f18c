"""Twenty-five Gaussians on a square grid (Gulrajani et al. 2017, spacing 2, over 2.828)."""

from __future__ import annotations

import numpy as np

from bench.datasets.base import Mixture


def load() -> Mixture:
    """Return the mixture: centres {−4, −2, 0, 2, 4}²/2√2, σ = 0.05/2√2."""
    line = np.arange(-4.0, 5.0, 2.0)
    centres = np.stack(np.meshgrid(line, line, indexing="ij"), axis=-1).reshape(-1, 2)
    return Mixture("grid25", centres / np.sqrt(8), 0.05 / np.sqrt(8))
