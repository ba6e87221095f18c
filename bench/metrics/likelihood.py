"""Likelihoods: of generated points under the truth, and of real ones under generated ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from bench.datasets.base import Mixture
from bench.metrics.kernels import gaussians

#: Bandwidths that a density estimate chooses from.
BANDWIDTHS = 10
#: Dimensions beyond which a density estimate of some hundred points says nothing.
LARGEST_DIMENSION = 10


def mean_log_density(samples: NDArray[np.floating], mixture: Mixture) -> float:
    """Return the mean log density of samples under the truth, in nats.

    It says how good samples are, and nothing of what they leave out: the best that a generator
    can do is to put everything on the highest peak.

    Args:
        samples: Generated samples, shape ``[n, d]``, n ≥ 1.
        mixture: The truth.

    Returns:
        The mean; −∞ if a sample is not finite.

    Raises:
        ValueError: The truth has no density.
    """
    return float(mixture.log_density(samples).mean())


@dataclass(frozen=True)
class ParzenWindow:
    """Log-likelihood of real points under a Gaussian kernel density estimate of generated ones.

    As Goodfellow et al. (2014) evaluate: the bandwidth is, of :data:`BANDWIDTHS` values, the one
    that real validation points are likeliest under; what is reported is the likelihood of other
    real points. Sees quality and missing modes, in a few dimensions: in many, far more samples
    than these rank models wrongly (Theis et al. 2016).

    Attributes:
        validation: Real points, shape ``[v, d]``.
        test: Other real points, shape ``[t, d]``.
        bandwidths: Standard deviations of the kernel to choose from.
    """

    validation: NDArray[np.floating]
    test: NDArray[np.floating]
    bandwidths: tuple[float, ...]

    @classmethod
    def of(
        cls, validation: NDArray[np.floating], test: NDArray[np.floating], smallest: float
    ) -> ParzenWindow:
        """Return a window with bandwidths from ``smallest`` to the size of the data, log-spaced.

        That is the root mean square distance of the validation points from their mean.
        """
        largest = float(np.sqrt(np.square(validation - validation.mean(axis=0)).sum(1).mean()))
        bandwidths = np.geomspace(smallest, largest, BANDWIDTHS)
        return cls(validation, test, tuple(map(float, bandwidths)))

    def log_likelihood(self, samples: NDArray[np.floating]) -> float:
        """Return the mean log density of the test points under samples, in nats.

        Args:
            samples: Generated samples, shape ``[n, d]``, n ≥ 1.

        Returns:
            The mean; −∞ if a sample is not finite.
        """
        if not np.isfinite(samples).all():
            return -float("inf")
        likelihoods = _estimates(self.validation, samples, self.bandwidths)
        chosen = self.bandwidths[int(np.argmax(likelihoods))]
        return _estimates(self.test, samples, (chosen,))[0]


def _estimates(
    real: NDArray[np.floating], samples: NDArray[np.floating], bandwidths: tuple[float, ...]
) -> list[float]:
    """Return the mean log density of real points under samples, for each bandwidth."""
    squares = cdist(real.astype(np.float64), samples.astype(np.float64), "sqeuclidean")
    # Measured from each point's nearest sample, so that no point's sum is 0.
    nearest = squares.min(axis=1)
    values = []
    kernels = gaussians(squares - nearest[:, None], bandwidths)
    for kernel, bandwidth in zip(kernels, bandwidths, strict=True):
        sums = np.log(kernel.mean(axis=1, dtype=np.float64)) - nearest / (2 * bandwidth**2)
        constant = samples.shape[1] * np.log(bandwidth * np.sqrt(2 * np.pi))
        values.append(float(sums.mean() - constant))
    return values
