"""Integrals over a line or a plane by sums over fine lattices.

The trapezoidal rule on a lattice converges faster than any power of its spacing for smooth
functions that vanish at the boundary (Trefethen and Weideman 2014, The exponentially convergent
trapezoidal rule), as those of Gaussians are.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from bench.calibration.density import Array, Density

#: Nodes along each axis by dimension; odd, so that every second one is a lattice with both ends.
_NODES = {1: 2**16 + 1, 2: 1001}
#: The first axis of a plane's lattice. A kink along an axis, as |p − q| has in the middle of a
#: shift, would cost the lattice its accuracy; no simple line lies near this slope.
_AXIS = np.array([1.0, (1 + 5**0.5) / 2]) / np.hypot(1.0, (1 + 5**0.5) / 2)
_TURN = np.stack([_AXIS, [-_AXIS[1], _AXIS[0]]])


@dataclass(frozen=True)
class Truth:
    """A known number.

    Attributes:
        value: The number, possibly infinite.
        error: How far it may be off by numerical error; zero for a closed form.
    """

    value: float
    error: float = 0.0


@dataclass(frozen=True, eq=False)
class Lattice:
    """Evenly spaced nodes that cover two densities.

    Attributes:
        points: The nodes, shape ``[n, 1]`` or ``[n, n, 2]``.
        cell: Length or area that belongs to one node.
    """

    points: Array
    cell: float

    def integrate(self, values: Array) -> Truth:
        """Return the integral of a function, given its values at the nodes.

        Its error is how far every second node alone would be off.
        """
        every_second = values[(slice(None, None, 2),) * values.ndim]
        fine = float(values.sum()) * self.cell
        coarse = float(every_second.sum()) * self.cell * 2**values.ndim
        return Truth(fine, abs(fine - coarse))


def is_finite(p: Density, q: Density, alpha: float) -> bool:
    """Return whether ∫p^α q^(1−α) is finite, for α ≥ 0.

    Always for α ≤ 1. Above, each component of p needs a component of q under which its part is
    finite. That is exact for single Gaussians and on the line; in the plane, components of q that
    cover p only together count as too few. So does an integrand that tends to a constant.
    """
    return alpha <= 1 or all(_tilted(p, j, q, alpha) for j in range(len(p.weights)))


@lru_cache(maxsize=2)
def on_lattice(p: Density, q: Density, alpha: float = 1.0) -> tuple[Lattice, Array, Array]:
    """Return a lattice that covers p, q and p^α q^(1−α), with log p and log q at its nodes.

    Args:
        p: A density in one or two dimensions.
        q: Another on the same space.
        alpha: A power for which the integral is finite, at least zero.
    """
    products = [part for j in range(len(p.weights)) for part in _tilted(p, j, q, alpha)]
    grid = lattice([*p.gaussians, *q.gaussians, *products])
    return grid, p.log_density(grid.points), q.log_density(grid.points)


def _tilted(p: Density, j: int, q: Density, alpha: float) -> list[tuple[Array, Array]]:
    """Return mean and covariance of each p_j^α q_k^(1−α), but for those of no finite integral."""
    found = []
    own = np.linalg.inv(p.covariances[j])
    for mean, covariance in q.gaussians:
        other = np.linalg.inv(covariance)
        precision = alpha * own + (1 - alpha) * other
        if np.linalg.eigvalsh(precision).min() > 1e-9 * np.linalg.eigvalsh(own).min():
            spread = np.linalg.inv(precision)
            centre = spread @ (alpha * own @ p.means[j] + (1 - alpha) * other @ mean)
            found.append((centre, spread))
    return found


def lattice(
    gaussians: list[tuple[Array, Array]], reach: float = 8.0, nodes: int | None = None
) -> Lattice:
    """Return a lattice over Gaussians in one or two dimensions.

    Args:
        gaussians: Mean ``[d]`` and covariance ``[d, d]`` of each.
        reach: Standard deviations that it covers on every side of each.
        nodes: Nodes along each axis, an odd number; by default as many as is quick.
    """
    dimension = len(gaussians[0][0])
    turn = _TURN if dimension == 2 else np.eye(1)
    centres = np.array([turn @ mean for mean, _ in gaussians])
    spreads = np.array([np.sqrt(np.diag(turn @ cov @ turn.T)) for _, cov in gaussians])
    low = (centres - reach * spreads).min(axis=0)
    high = (centres + reach * spreads).max(axis=0)
    count = nodes or _NODES[dimension]
    axes = np.linspace(low, high, count).T
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1) @ turn
    return Lattice(points, float(np.prod((high - low) / (count - 1))))
