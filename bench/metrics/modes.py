"""How many modes of a known mixture the samples cover, how evenly, and how sharply."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist
from scipy.special import rel_entr
from scipy.stats import chi2

from bench.datasets.base import Mixture

#: Share of a 2-D Gaussian within three standard deviations of its mean.
COVERAGE = float(-np.expm1(-4.5))
#: A mode counts when it holds at least this share of the high-quality samples due to it.
RECOVERED = 0.2


def high_quality_radius(dimension: int) -> float:
    """Return the radius, in standard deviations, that holds 98.889 % of a Gaussian.

    Three in two dimensions. In ten dimensions three deviations hold 47 % of the truth, so the
    share is kept and the radius grows.
    """
    return float(np.sqrt(chi2.ppf(COVERAGE, dimension)))


def mode_metrics(samples: NDArray[np.floating], mixture: Mixture) -> dict[str, float]:
    """Compare samples with the modes of the mixture that they should follow.

    Each sample belongs to its nearest mode and is of high quality within
    :func:`high_quality_radius` of it; one that is not finite never is. With ``n`` samples, ``h``
    of them of high quality in each mode, ``K`` mode weights ``w`` and shares ``p = h / Σ h``:

    - ``modes``: modes with ``h ≥ 0.2·n·w``;
    - ``modes_any``: modes with ``h > 0`` (Srivastava et al. 2017, Lin et al. 2018);
    - ``high_quality``: ``Σ h / n``; the truth scores 0.98889;
    - ``kl_reverse``: ``Σ p·log(p / w)``, over high-quality samples as in Lin et al. 2018;
    - ``kl_forward``: ``Σ w·log(w / p')`` with ``p' = (h + ½) / (Σ h + K/2)``, finite when a mode
      is missed;
    - ``tv``: ``½·Σ |p − w|``;
    - ``kl_plus``: ``KL(a‖b)`` with ``a = (h, n − Σ h) / n`` and ``b = (0.98889·w, 0.01111)``.

    Where no sample is of high quality, the three divergences of shares are as if all were in the
    least likely mode. Taken over all samples they could not see low quality: uniform noise over
    a grid, and a blob in the centre of a ring, have almost the right shares.

    Args:
        samples: Generated samples, shape ``[n, d]``, ``n ≥ 1``.
        mixture: The truth.

    Returns:
        The seven metrics under their names in :data:`bench.records.METRICS`.
    """
    n, dimension = samples.shape
    weights = mixture.weights
    finite = samples[np.isfinite(samples).all(axis=1)].astype(np.float64)
    distance = cdist(finite, mixture.means) / mixture.std
    sharp = distance.min(axis=1) <= high_quality_radius(dimension)
    counts = np.bincount(distance.argmin(axis=1)[sharp], minlength=len(weights))
    low_quality = 1 - counts.sum() / n
    placed = counts if counts.any() else n * (np.arange(len(weights)) == weights.argmin())
    share = placed / placed.sum()
    smooth = (placed + 0.5) / (placed.sum() + len(weights) / 2)
    return {
        "modes": float(np.sum(counts >= RECOVERED * n * weights)),
        "modes_any": float(np.count_nonzero(counts)),
        "high_quality": float(1 - low_quality),
        "kl_reverse": float(rel_entr(share, weights).sum()),
        "kl_forward": float(rel_entr(weights, smooth).sum()),
        "tv": float(np.abs(share - weights).sum() / 2),
        "kl_plus": float(
            rel_entr(counts / n, COVERAGE * weights).sum() + rel_entr(low_quality, 1 - COVERAGE)
        ),
    }
