"""How many modes of a known mixture the samples cover, how evenly, and how sharply."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import rel_entr
from scipy.stats import chi2

from bench.datasets.base import Mixture

#: Share of a 2-D Gaussian within three standard deviations of its mean.
COVERAGE = float(-np.expm1(-4.5))
#: What published protocols count within a radius of their own.
PUBLISHED = ("modes_any", "high_quality", "kl_reverse")
#: A mode counts when it holds at least this share of the high-quality samples due to it.
RECOVERED = 0.2


def high_quality_radius(dimension: int) -> float:
    """Return the radius, in standard deviations, that holds 98.889 % of a Gaussian.

    Three in two dimensions. In ten dimensions three deviations hold 47 % of the truth, so the
    share is kept and the radius grows.
    """
    return float(np.sqrt(chi2.ppf(COVERAGE, dimension)))


def mode_metrics(
    samples: NDArray[np.floating], mixture: Mixture, radius: float | None = None
) -> dict[str, float]:
    """Compare samples with the modes of the mixture that they should follow.

    Each sample belongs to its nearest mode (:meth:`Mixture.distances`) and is of high quality
    within ``radius`` of it; one that is not finite never is. With ``n`` samples, ``h`` of them of
    high quality in each mode, ``K`` mode weights ``w`` and shares ``p = h / Σ h``:

    - ``modes``: modes with ``h ≥ 0.2·n·w``;
    - ``modes_any``: modes with ``h > 0`` (Srivastava et al. 2017, Lin et al. 2018);
    - ``high_quality``: ``Σ h / n``; the truth scores C;
    - ``kl_reverse``: ``Σ p·log(p / w)``, over high-quality samples as in Lin et al. 2018;
    - ``kl_forward``: ``Σ w·log(w / p')`` with ``p' = (h + ½) / (Σ h + K/2)``, finite when a mode
      is missed;
    - ``tv``: ``½·Σ |p − w|``;
    - ``kl_plus``: ``KL(a‖b)`` with ``a = (h, n − Σ h) / n`` and ``b = (C·w, 1 − C)``.

    C is the share of a component within the radius. Where no sample is of high quality, the three
    divergences of shares are as if all were in the least likely mode. Taken over all samples they
    could not see low quality: uniform noise over a grid, and a blob in the centre of a ring, have
    almost the right shares.

    Args:
        samples: Generated samples, shape ``[n, d]``, ``n ≥ 1``.
        mixture: The truth.
        radius: In standard deviations; by default :func:`high_quality_radius` of the components'
            rank, for which C is 0.98889.

    Returns:
        The seven metrics under their names in :data:`bench.records.METRICS`.
    """
    n, weights = len(samples), mixture.weights
    radius = radius or high_quality_radius(mixture.rank)
    held = float(chi2.cdf(radius**2, mixture.rank))
    distance = mixture.distances(samples)
    sharp = distance.min(axis=1) <= radius
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
            rel_entr(counts / n, held * weights).sum() + rel_entr(low_quality, 1 - held)
        ),
    }
