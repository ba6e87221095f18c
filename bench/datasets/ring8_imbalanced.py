"""``ring8`` with modes that are ever rarer: which of them does a generator leave out?"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from bench.datasets.base import Mixture, PointSource
from bench.datasets.ring8 import Ring8


@dataclass(frozen=True)
class Ring8Imbalanced(PointSource):
    """Weights ∝ 2^−k, k = 0…7: half of the samples in the first mode, 0.4 % in the last."""

    shape = (2,)

    def mixture(self, name: str) -> Mixture:
        """Return the mixture."""
        weights = 0.5 ** np.arange(8)
        return replace(Ring8().mixture(name), weights=weights / weights.sum())
