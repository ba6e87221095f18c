"""Eight Gaussians on the unit ring (Lin et al. 2018, PacGAN; their paper's 2D-ring)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bench.datasets.base import Mixture, PointSource


@dataclass(frozen=True)
class PacganRing(PointSource):
    """Centres (cos 2πk/8, sin 2πk/8), k = 0…7, σ = 0.01."""

    shape = (2,)

    def mixture(self, name: str) -> Mixture:
        """Return the mixture."""
        angle = 2 * np.pi * np.arange(8) / 8
        return Mixture(name, np.stack([np.cos(angle), np.sin(angle)], axis=1), 0.01)
