"""The 1-Wasserstein distance of two mixtures of Gaussians with Euclidean cost.

By a closed form where there is one, else by an integral in one dimension and by exact transport
between the nodes of a lattice in two.
"""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache

import numpy as np
from scipy.spatial.distance import cdist
from scipy.special import gamma, ndtr

from bench.calibration.density import Array, Density, gaussian, mixture
from bench.calibration.quadrature import Truth, lattice

#: Nodes along each axis for transport in the plane; the work grows with their fifth power.
_NODES = (41, 57)
#: Standard deviations that are transported, and the mass of a node that is not worth it.
_REACH, _NEGLIGIBLE = 5.0, 1e-8


@lru_cache(maxsize=64)
def wasserstein1(p: Density, q: Density) -> Truth:
    """Return the 1-Wasserstein distance W₁ = sup over 1-Lipschitz f of E_p f − E_q f.

    In the plane what p and q have in common is left out first, as W₁ depends on p − q alone:
    their distance is that of the rests, as distributions, times the mass of a rest.
    """
    if p.dimension == 1:
        return _on_the_line(p, q)
    rests = _rests(p, q)
    if rests is None:
        return Truth(0.0)
    mass, p, q = rests
    truth = _closed_form(p, q) or _in_the_plane(p, q)
    return Truth(mass * truth.value, mass * truth.error)


def _on_the_line(p: Density, q: Density) -> Truth:
    """Return ∫|F − G|, which equals the quantiles' ∫₀¹|F⁻¹ − G⁻¹| (Vallender 1974)."""
    grid = lattice([*p.gaussians, *q.gaussians])

    def cumulative(x: Density) -> Array:
        standard = (grid.points - x.means[:, 0]) / np.sqrt(x.covariances[:, 0, 0])
        return np.asarray(ndtr(standard) @ x.weights)

    return grid.integrate(np.abs(cumulative(p) - cumulative(q)))


def _rests(p: Density, q: Density) -> tuple[float, Density, Density] | None:
    """Return the mass of (p − q)⁺ by components, and both rests; None if nothing is left."""
    excess: defaultdict[tuple[float, ...], float] = defaultdict(float)
    for sign, density in ((1, p), (-1, q)):
        for weight, (mean, covariance) in zip(density.weights, density.gaussians, strict=True):
            excess[*mean, *covariance.ravel()] += sign * weight

    def rest(sign: int) -> list[tuple[float, Density]]:
        return [
            (sign * weight, gaussian(key[: p.dimension], np.reshape(key[p.dimension :], shape)))
            for key, weight in excess.items()
            if sign * weight > 1e-12
        ]

    shape = (p.dimension, p.dimension)
    more, less = rest(1), rest(-1)
    if not more:
        return None
    mass = sum(weight for weight, _ in more)
    scaled = ([(weight / mass, part) for weight, part in side] for side in (more, less))
    rest_p, rest_q = (mixture(*side) for side in scaled)
    return mass, rest_p, rest_q


def _closed_form(p: Density, q: Density) -> Truth | None:
    """Return the distance of a translate or of two round Gaussians of one mean, if they are."""
    if p.means.shape != q.means.shape:
        return None
    shift = q.means - p.means
    if (
        np.allclose(p.weights, q.weights, rtol=1e-12)
        and np.array_equal(p.covariances, q.covariances)
        and np.allclose(shift, shift[0], rtol=1e-12, atol=1e-12)
    ):
        return Truth(float(np.linalg.norm(shift[0])))
    d = p.dimension
    scales = [np.sqrt(x.covariances[0, 0, 0]) for x in (p, q)]
    rounds = [scale**2 * np.eye(d) for scale in scales]
    single = len(p.weights) == 1 and not shift.any()
    if single and np.allclose([p.covariances[0], q.covariances[0]], rounds, rtol=1e-12, atol=1e-12):
        # Along the radii: the mean length of a standard normal vector, times the stretch.
        length = np.sqrt(2) * gamma((d + 1) / 2) / gamma(d / 2)
        return Truth(float(abs(scales[0] - scales[1]) * length))
    return None


def _in_the_plane(p: Density, q: Density) -> Truth:
    """Return the cost of exact transport between the nodes of the finer of two lattices.

    Its error is the difference from the coarser one, with nodes √2 times as far apart.
    """
    coarse, fine = (_between_nodes(p, q, nodes) for nodes in _NODES)
    return Truth(fine, abs(fine - coarse))


def _between_nodes(p: Density, q: Density, nodes: int) -> float:
    # POT imports torch where it can; nothing else here does.
    import ot

    grid = lattice([*p.gaussians, *q.gaussians], _REACH, nodes)
    points = grid.points.reshape(-1, p.dimension)
    excess = grid.cell * (np.exp(p.log_density(points)) - np.exp(q.log_density(points)))
    more, less = excess > _NEGLIGIBLE, excess < -_NEGLIGIBLE
    supply, demand = excess[more], -excess[less]
    cost = cdist(points[more], points[less])
    # The simplex works with absolute tolerances, and its default iteration limit stops early.
    scale = cost.max()
    transported = ot.emd2(
        supply / supply.sum(), demand / demand.sum(), cost / scale, numItermax=10_000_000
    )
    return float(scale * transported * (supply.sum() + demand.sum()) / 2)
