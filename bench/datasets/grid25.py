"""Twenty-five Gaussians on a square grid (Gulrajani et al. 2017, spacing 2, over 2.828)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bench.datasets.base import Mixture, PointSource


@dataclass(frozen=True)
class Grid25(PointSource):
    """Centres {−4, −2, 0, 2, 4}²/2√2, σ = 0.05/2√2."""

    shape = (2,)

    def mixture(self, name: str) -> Mixture:
        """Return the mixture."""
        line = np.arange(-4.0, 5.0, 2.0)
        centres = np.stack(np.meshgrid(line, line, indexing="ij"), axis=-1).reshape(-1, 2)
        return Mixture(name, centres / np.sqrt(8), 0.05 / np.sqrt(8))
