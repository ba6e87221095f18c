"""The ring of the unrolled GAN's notebook: meant to have eight modes, it has seven.

Historical, to reproduce numbers that were measured on it; ``pacgan-ring`` is what was meant. The
public notebook of Metz et al. (2017) places eight Gaussians by ``linspace(0, 2π, 8)``, whose last
angle is its first. Several later "eight-mode" rings inherit that.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bench.datasets.base import Mixture, PointSource


@dataclass(frozen=True)
class UnrolledRing7(PointSource):
    """Centres (sin 2πk/7, cos 2πk/7), k = 0…6, σ = 0.01; weight 2/8 for k = 0, 1/8 otherwise."""

    shape = (2,)

    def mixture(self, name: str) -> Mixture:
        """Return the mixture."""
        angle = 2 * np.pi * np.arange(7) / 7
        centres = np.stack([np.sin(angle), np.cos(angle)], axis=1)
        return Mixture(name, centres, 0.01, np.array([2.0, 1, 1, 1, 1, 1, 1]) / 8)
