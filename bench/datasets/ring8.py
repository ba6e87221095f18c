"""Eight Gaussians on a ring of radius √2 (Gulrajani et al. 2017: 2 and 0.02, over 1.414)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bench.datasets.base import Mixture, PointSource


@dataclass(frozen=True)
class Ring8(PointSource):
    """Centres √2·(cos 2πk/8, sin 2πk/8), k = 0…7, σ = 0.02/√2."""

    shape = (2,)

    def mixture(self, name: str) -> Mixture:
        """Return the mixture."""
        # Not linspace with both ends: that gives seven modes, one of them twice.
        angle = 2 * np.pi * np.arange(8) / 8
        centres = 2 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
        return Mixture(name, centres / np.sqrt(2), 0.02 / np.sqrt(2))
