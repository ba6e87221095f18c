"""Ten 700-dimensional Gaussians in 1200 dimensions (Srivastava et al. 2017, VEEGAN).

The paper gives no centres. These are those of the class ``VEEGAN1200DPackingMixture`` in the code
of Lin et al. (2018, PacGAN), whose training set is 100,000 such points; here every batch is fresh.

The paper counts a sample as of high quality within 10 standard deviations of the nearest mode.
How it measures them is not known. By the Euclidean distance over σ, as PacGAN's code measures, the
truth itself lies at √700 ≈ 26.5 and scores 0, while a generator that puts everything on the
centres scores 1. That count is for comparison with published numbers only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bench.datasets.base import Mixture, PointSource


@dataclass(frozen=True)
class Veegan1200d(PointSource):
    """Centres m·(1, …, 1); N(0, 1) in the first 700 coordinates, nothing in the other 500.

    m is one of −1, −0.5, 0, 0.5, −2, −2.5, 10, 0.25, −13 and −5.5.
    """

    shape = (1200,)

    def mixture(self, name: str) -> Mixture:
        """Return the mixture."""
        levels = np.array([-1, -0.5, 0, 0.5, -2, -2.5, 10, 0.25, -13, -5.5])
        centres = np.repeat(levels[:, None], 1200, axis=1)
        return Mixture(name, centres, 1.0, factors=np.eye(1200, 700)[None], radius=10.0)
