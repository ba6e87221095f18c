"""Maximum mean discrepancy and energy distance to a reference, without bias."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist, pdist

Points = NDArray[np.floating]


@dataclass(frozen=True)
class Reference:
    """What samples are compared with, and what of the comparison does not depend on them.

    With a kernel k and the truth p, the squared discrepancy of samples x of q is

        mean_{i≠j} k(x_i, x_j) − 2 mean_ij k(x_i, y_j) + c,

    an unbiased estimate of E k(q, q) − 2 E k(q, p) + E k(p, p) (Gretton et al. 2012, Lemma 6). The
    constant c would be the mean of k(y_i, y_j) over i ≠ j, but that is biased where y is
    stratified: two of its points share a mode less often than chance has it. Instead,
    c = mean k(y, u) + mean k(y, v) − mean k(u, v) with further samples u and v of p. On average
    over these, samples of p score 0 against every y, whatever is particular to it.

    Two kernels: a sum of Gaussians exp(−d²/2b²) over ``bandwidths`` b, which gives MMD²; and −d,
    which gives the energy distance (Székely and Rizzo 2013), for the Euclidean distance d.

    Attributes:
        points: y, shape ``[m, d]``.
        bandwidths: In the units of the data; the same for all that is compared.
        constants: c of both kernels.
    """

    points: Points
    bandwidths: tuple[float, ...]
    constants: tuple[float, float]

    @classmethod
    def of(cls, points: Points, others: tuple[Points, Points], spread: float) -> Reference:
        """Return a reference whose bandwidths suit it.

        They are s, 3s, and a half, one and two medians of the distances between its points, where
        s is ``spread``/√2: in two dimensions, the standard deviation of a mode.

        Args:
            points: y, stratified or not.
            others: u and v, independent of y and of each other; stratified where y is.
            spread: Root mean square distance of a sample from its mode.
        """
        median = float(np.median(_pairs(points)))
        within = spread / np.sqrt(2)
        bandwidths = (within, 3 * within, median / 2, median, 2 * median)
        first, second = others
        parts = (_distances(points, first), _distances(points, second), _distances(first, second))
        gaussian, negative = (
            float(np.dot((1, 1, -1), [kernel(part, bandwidths) for part in parts]))
            for kernel in (_gaussian, _negative)
        )
        return cls(points, bandwidths, (gaussian, negative))

    def discrepancies(self, samples: Points) -> dict[str, float]:
        """Return ``mmd``, which is MMD² and without a unit, and ``energy``, in units of the data.

        Args:
            samples: x, shape ``[n, d]``, n ≥ 2.

        Returns:
            Both by name, which may be negative where x follows p; infinite if a point is not
            finite.
        """
        if not np.isfinite(samples).all():
            return {"mmd": float("inf"), "energy": float("inf")}
        own, across = _pairs(samples), _distances(samples, self.points)
        values = (
            kernel(own, self.bandwidths) - 2 * kernel(across, self.bandwidths) + constant
            for kernel, constant in zip((_gaussian, _negative), self.constants, strict=True)
        )
        return dict(zip(("mmd", "energy"), values, strict=True))


def gaussians(
    squares: NDArray[np.float64], bandwidths: Sequence[float]
) -> Iterator[NDArray[np.float32]]:
    """Yield exp(−d²/2b²) of squared distances for each bandwidth, to six digits.

    Each is in the memory of the one before: with memory of its own, and in double precision, it
    would take ten times as long.
    """
    smallest = min(bandwidths)
    # Infinity is as good as any distance at which all kernels are 0.
    with np.errstate(over="ignore"):
        exponents = (squares / (-2 * smallest**2)).astype(np.float32)
    kernels = np.empty_like(exponents)
    for bandwidth in bandwidths:
        np.multiply(exponents, np.float32((smallest / bandwidth) ** 2), out=kernels)
        yield np.exp(kernels, out=kernels)


def _pairs(points: Points) -> NDArray[np.float64]:
    return np.asarray(pdist(points.astype(np.float64)))


def _distances(x: Points, y: Points) -> NDArray[np.float64]:
    return np.asarray(cdist(x.astype(np.float64), y.astype(np.float64)))


def _gaussian(distances: NDArray[np.float64], bandwidths: tuple[float, ...]) -> float:
    """Return the mean of the sum of Gaussians."""
    kernels = gaussians(distances**2, bandwidths)
    return float(sum(kernel.mean(dtype=np.float64) for kernel in kernels))


def _negative(distances: NDArray[np.float64], bandwidths: tuple[float, ...]) -> float:
    """Return the mean of −d."""
    return -float(distances.mean())
