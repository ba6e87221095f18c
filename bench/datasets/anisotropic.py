"""``ring8``'s centres with ellipses for modes, each turned its own way."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from bench.datasets.base import Mixture, PointSource
from bench.datasets.ring8 import Ring8


@dataclass(frozen=True)
class Anisotropic(PointSource):
    """Standard deviations 0.03·√ratio and 0.03/√ratio along axes at angles from the seed.

    Attributes:
        ratio: Long axis over short axis. Up to 30, no two modes' high-quality regions can meet.
        seed: Of the angles.
    """

    shape = (2,)

    ratio: float = 10.0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.ratio <= 0:
            raise ValueError(f"ratio must be positive, not {self.ratio}")

    def mixture(self, name: str) -> Mixture:
        """Return the mixture."""
        ring = Ring8().mixture(name)
        angle = np.random.default_rng(self.seed).uniform(0, np.pi, size=len(ring.means))
        cos, sin = np.cos(angle), np.sin(angle)
        axes = np.stack([np.stack([cos, -sin], axis=1), np.stack([sin, cos], axis=1)], axis=1)
        lengths = np.sqrt([self.ratio, 1 / self.ratio])
        return replace(ring, std=0.03, factors=axes * lengths)
