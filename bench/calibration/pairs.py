"""The pairs (p, q) of the calibration study: what a pair is, and the list of them.

Data come from p, the generator's samples from q. Where a pair is called bounded, so is log p/q,
and a discriminator can approach its optimum everywhere. Where it is not, the optimum grows without
limit in tails that hardly a sample reaches.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from bench.calibration.density import Array, Density, gaussian, mixture


@dataclass(frozen=True, eq=False)
class Pair:
    """Two known distributions on one space.

    Attributes:
        name: The pair's name.
        title: Name for people.
        p: Where the real samples come from.
        q: Where the generated samples come from.
        ends: Ends of the line along which a discriminator is compared with its optimum, two
            points of shape ``[d]``.
    """

    name: str
    title: str
    p: Density
    q: Density
    ends: tuple[Array, Array]

    @property
    def dimension(self) -> int:
        """Dimension of the space, d."""
        return self.p.dimension

    @property
    def bounded(self) -> bool:
        """Whether both p/q and q/p are known to be bounded on the whole space.

        True if each component of one is at most a multiple of some component of the other. A
        Gaussian is at most a multiple of another that is the same or whose covariance is strictly
        larger.
        """
        return _dominated(self.p, self.q) and _dominated(self.q, self.p)

    def line(self, count: int) -> Array:
        """Return ``count`` evenly spaced points from end to end, shape ``[count, d]``."""
        start, stop = self.ends
        return np.linspace(start, stop, count)


def _dominated(p: Density, q: Density) -> bool:
    def below(j: int, k: int) -> bool:
        excess = q.covariances[k] - p.covariances[j]
        same = not excess.any() and np.array_equal(p.means[j], q.means[k])
        return bool(same or np.linalg.eigvalsh(excess).min() > 0)

    return all(any(below(j, k) for k in range(len(q.weights))) for j in range(len(p.weights)))


def _pair(name: str, title: str, p: Density, q: Density, *ends: object) -> Pair:
    start, stop = (np.atleast_1d(np.asarray(end, dtype=np.float64)) for end in ends)
    return Pair(name, title, p, q, (start, stop))


def _bounded(name: str, pair: Pair) -> Pair:
    """Return the pair's bounded analogue: a fifth of all samples come from one broad Gaussian."""
    origin = np.zeros(pair.dimension)
    background = gaussian(origin, 4**2 * np.eye(pair.dimension))
    p, q = (mixture((0.8, part), (0.2, background)) for part in (pair.p, pair.q))
    return Pair(name, f"{pair.title}, both on a common background", p, q, pair.ends)


def _in_one_dimension() -> list[Pair]:
    unit = gaussian(0, 1)
    left, right = gaussian(-1, 0.5**2), gaussian(1, 0.5**2)
    both = mixture((0.5, left), (0.5, right))
    wide = mixture((0.5, gaussian(-2, 0.5**2)), (0.5, gaussian(2, 0.5**2)))
    mostly_left = mixture((0.7, left), (0.3, right))
    mostly_right = mixture((0.3, left), (0.7, right))
    shift = _pair("shift-1d", "mean shifted by 1", unit, gaussian(1, 1), -3, 4)
    scale = _pair("scale-1d", "standard deviation doubled", unit, gaussian(0, 2**2), -4, 4)
    return [
        shift,
        _bounded("shift-bounded-1d", shift),
        scale,
        _bounded("scale-bounded-1d", scale),
        _pair("modes-1d", "two modes against one Gaussian", wide, gaussian(0, 2**2), -4, 4),
        _pair("missing-1d", "one of two modes missing", both, right, -2.5, 2.5),
        _pair("weights-1d", "weights of two modes swapped", mostly_left, mostly_right, -2.5, 2.5),
        _pair("far-1d", "mean shifted by 3", unit, gaussian(3, 1), -3, 6),
    ]


def _in_two_dimensions() -> list[Pair]:
    origin, eye = np.zeros(2), np.eye(2)
    unit, double = gaussian(origin, eye), gaussian(origin, 2**2 * eye)
    # Off the axes, so that no coordinate alone tells p from q.
    along = np.array([0.6, 0.8])
    near, far = gaussian(along, eye), gaussian(3 * along, eye)
    rising = gaussian(origin, [[1, 0.6], [0.6, 1]])
    falling = gaussian(origin, [[1, -0.6], [-0.6, 1]])
    angle = np.pi / 2 + 2 * np.pi * np.arange(3) / 3
    corners = 1.5 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    modes = [gaussian(corner, 0.5**2 * eye) for corner in corners]
    first = mixture(*zip((0.6, 0.3, 0.1), modes, strict=True))
    last = mixture(*zip((0.1, 0.3, 0.6), modes, strict=True))
    edge = (corners[2] - corners[0]) / 2
    shift = _pair("shift-2d", "mean shifted by 1 in the plane", unit, near, -3 * along, 4 * along)
    scale = _pair(
        "scale-2d", "standard deviation doubled in the plane", unit, double, -4 * along, 4 * along
    )
    # Beside the common centre, across the arm of q and then that of p.
    rotated = _pair("rotated-2d", "covariance rotated", rising, falling, (1, -2), (1, 2))
    return [
        shift,
        _bounded("shift-bounded-2d", shift),
        scale,
        _bounded("scale-bounded-2d", scale),
        rotated,
        _bounded("rotated-bounded-2d", rotated),
        _pair(
            "weights-2d",
            "weights of three modes changed",
            first,
            last,
            corners[0] - edge,
            corners[2] + edge,
        ),
        _pair("far-2d", "mean shifted by 3 in the plane", unit, far, -3 * along, 6 * along),
    ]


#: All pairs by name, those in one dimension first.
PAIRS: Mapping[str, Pair] = MappingProxyType(
    {pair.name: pair for pair in [*_in_one_dimension(), *_in_two_dimensions()]}
)
