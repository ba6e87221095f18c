"""Gaussians at random places in any dimension, far enough apart to be modes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bench.datasets.base import Mixture, PointSource

#: Draws of one centre before the settings are found impossible.
_ATTEMPTS = 10_000


@dataclass(frozen=True)
class RandomK(PointSource):
    """Centres uniform in [−1, 1]^d, drawn one by one; those too near to another are drawn again.

    No two are nearer than 2(√d + 2)σ, so that the balls that hold 98.889 % of them do not meet.

    Attributes:
        modes: Number K of modes, of equal weight.
        dimension: d.
        spread: σ.
        seed: Of the centres.
    """

    modes: int = 10
    dimension: int = 10
    spread: float = 0.05
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("modes", "dimension", "spread"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be positive, not {getattr(self, name)}")

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one sample, ``(d,)``."""
        return (self.dimension,)

    def mixture(self, name: str) -> Mixture:
        """Return the mixture.

        Raises:
            ValueError: So many modes of this spread find no place.
        """
        rng = np.random.default_rng(self.seed)
        apart = 2 * (np.sqrt(self.dimension) + 2) * self.spread
        centres = np.empty((0, self.dimension))
        for _ in range(self.modes):
            for _ in range(_ATTEMPTS):
                centre = rng.uniform(-1, 1, size=self.dimension)
                if (np.linalg.norm(centres - centre, axis=1) >= apart).all():
                    break
            else:
                raise ValueError(
                    f"{self.modes} modes of spread {self.spread} do not fit into [-1, 1]^"
                    f"{self.dimension} without touching: take fewer, or a smaller spread"
                )
            centres = np.concatenate([centres, centre[None]])
        return Mixture(name, centres, self.spread)
