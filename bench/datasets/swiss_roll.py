"""The Swiss roll of Gulrajani et al. (2017): scikit-learn's, noise 0.25, over 7.5."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bench.datasets.base import Mixture, PointSource


@dataclass(frozen=True)
class SwissRoll(PointSource):
    """(t cos t, t sin t) with t uniform on [3π/2, 9π/2], plus N(0, 0.25²) noise; all over 7.5.

    The integral over t is taken by the midpoint rule. Its nodes are at most 0.54σ apart: along the
    curve, the sum of their Gaussians is the integral to thirteen digits; within 3σ of one of its
    two ends, to 6 %.
    """

    kind = "density"
    shape = (2,)

    def mixture(self, name: str) -> Mixture:
        """Return the density as a mixture of a thousand Gaussians, from the inside out."""
        t = 1.5 * np.pi * (1 + 2 * (np.arange(1000) + 0.5) / 1000)
        curve = np.stack([t * np.cos(t), t * np.sin(t)], axis=1)
        return Mixture(name, curve / 7.5, 0.25 / 7.5, modal=False)
