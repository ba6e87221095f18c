"""Twenty-five Gaussians on a square grid, unscaled (Lin et al. 2018, PacGAN; their 2D-grid).

Srivastava et al. (2017, VEEGAN) use the same grid.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bench.datasets.base import Mixture, PointSource


@dataclass(frozen=True)
class PacganGrid(PointSource):
    """Centres {−4, −2, 0, 2, 4}², σ = 0.05."""

    shape = (2,)

    def mixture(self, name: str) -> Mixture:
        """Return the mixture."""
        line = np.arange(-4.0, 5.0, 2.0)
        centres = np.stack(np.meshgrid(line, line, indexing="ij"), axis=-1).reshape(-1, 2)
        return Mixture(name, centres, 0.05)
