"""Metrics of nearest neighbours among features: density and coverage, and memorisation.

Distances are Euclidean, in double precision, from ``‖x‖² + ‖y‖² − 2 x·y`` a tile at a time, on
the CPU or on CUDA: beside the features that takes at most 50 MB at 64 dimensions and 250 MB at
2,048, however many there are. Squared distances below 1e-12 of ‖x‖² + ‖y‖² (both from the mean
of the real side) are rounding and count as zero, so that a copy is at distance zero exactly;
nothing nearer than a millionth of those lengths is told from a copy.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

#: Samples of either side in a tile.
ROWS, COLUMNS = 1024, 1024
#: What of ‖x‖² + ‖y‖² is rounding in a squared distance.
ROUNDING = 1e-12
#: The share of held-out samples that are nearer to training than the distance of a near copy.
NEAR = 0.01
#: Relative difference below which two distances are equal.
TIE = 1e-9


@dataclass(frozen=True)
class Neighbourhood:
    """What memorisation is measured against: distances among real samples alone.

    Attributes:
        train: Features of the training samples, shape ``[n, F]``.
        own: Distance of each to its nearest other training sample, shape ``[n]``, float64; zero
            for duplicates.
        near: The 1st percentile of the held-out samples' distances to their nearest training
            samples.
        median: The median of the same.
    """

    train: Tensor
    own: Tensor
    near: float
    median: float


def radii(real: Tensor, k: int = 5) -> Tensor:
    """Return the distance of each sample to its k-th nearest other one, shape ``[n]``, float64.

    Args:
        real: Features, shape ``[n, F]``, n > k.
        k: Which neighbour; a sample is no neighbour of itself, its duplicates are.

    Raises:
        ValueError: There are too few samples.
    """
    if len(real) <= k:
        raise ValueError(f"neighbour {k} of each sample needs more samples than {len(real)}")
    return _nearest(real, real, k, same=True)[0][:, -1]


def density_coverage(
    fake: Tensor, real: Tensor, k: int = 5, radii: Tensor | None = None
) -> dict[str, float]:
    """Return density and coverage (Naeem et al. 2020).

    A real sample's neighbourhood is the open ball up to its k-th nearest other real sample.
    Density is how many neighbourhoods a generated sample is in, on average, over k; coverage the
    share of neighbourhoods with a generated sample. For generated samples that are as good as
    real ones, and as many, they are 1 and about 1 − 2⁻ᵏ. A real sample with k duplicates has an
    empty neighbourhood.

    Args:
        fake: Features of generated samples, shape ``[n, F]``.
        real: Features of real samples, shape ``[m, F]``, m > k.
        k: Which neighbour.
        radii: ``radii(real, k)``, where it is there already.

    Returns:
        ``density``, at least 0 and perhaps above 1, and ``coverage``, 0 to 1. Both are 0 if a
        feature is not finite.

    Raises:
        ValueError: There are too few real samples.
    """
    if not (_finite(fake) and _finite(real)):
        return {"density": 0.0, "coverage": 0.0}
    balls = (_radii(real, k) if radii is None else radii).to(real.device).square()
    inside, covered = 0, torch.zeros(len(real), dtype=torch.bool, device=real.device)
    for _, columns, x, y in _tiles(fake, real):
        # The distance must be less than the radius by more than rounding.
        slack = (1 + ROUNDING) * _squares(y)[:, 0] - balls[columns]
        within = torch.addmm(slack, x, y.T, alpha=-2) < -(1 + ROUNDING) * _squares(x)
        inside += int(within.sum())
        covered[columns] |= within.any(dim=0)
    return {
        "density": inside / (k * len(fake)),
        "coverage": float(covered.double().mean()),
    }


def neighbourhood(train: Tensor, held_out: Tensor) -> Neighbourhood:
    """Return what :func:`memorisation` needs of the real samples.

    About 15 s on one core for 50,000 training and 10,000 held-out samples at 64 dimensions.

    Args:
        train: Features of the samples that training saw, shape ``[n, F]``, n ≥ 2.
        held_out: Features of samples that it did not, shape ``[m, F]``.

    Raises:
        ValueError: There are too few samples, or a feature is not finite.
    """
    if len(train) < 2 or len(held_out) == 0:
        raise ValueError(
            "memorisation is measured against at least two training samples and one held-out "
            f"sample, not {len(train)} and {len(held_out)}"
        )
    if not (_finite(train) and _finite(held_out)):
        raise ValueError("the real features are not finite, and nothing can be compared with them")
    fresh = _nearest(held_out, train)[0][:, 0]
    near = float(fresh.quantile(NEAR))
    return Neighbourhood(train, radii(train, 1), near, float(fresh.quantile(0.5)))


def memorisation(fake: Tensor, real: Neighbourhood) -> dict[str, float]:
    """Return whether generated samples are copies of training samples.

    ``near_copies`` is the share of them at most as far from their nearest training sample as
    1 % of held-out samples are; about 0.01 for a generator as good as the truth. An exact copy
    always counts, even where held-out samples are themselves duplicates of training samples.

    ``authenticity`` is the share of them that are farther from their nearest training sample than
    that one is from its own nearest other (Alaa et al. 2022); about one half for
    held-out samples. Equality, to 1e-9, is not authentic. The duplicates of a training sample
    shield no neighbourhood: what is near them without being a copy counts as authentic.

    ``nearest_ratio`` is the median distance to the nearest training sample over that of held-out
    samples; 1 for a generator as good as the truth, 0 for copies. It is 1 where both medians are
    zero, and infinite where the held-out one alone is.

    Args:
        fake: Features of generated samples, shape ``[n, F]``, n ≥ 1.
        real: What :func:`neighbourhood` made of the real ones.

    Returns:
        The three by name. If a feature is not finite: 1, 0 and infinity.
    """
    if not _finite(fake):
        return {"near_copies": 1.0, "authenticity": 0.0, "nearest_ratio": math.inf}
    distances, nearest = (found[:, 0] for found in _nearest(fake, real.train))
    own = real.own.to(distances)[nearest]
    median = float(distances.quantile(0.5))
    return {
        "near_copies": float((distances <= real.near).double().mean()),
        "authenticity": float((distances > own * (1 + TIE)).double().mean()),
        "nearest_ratio": _ratio(median, real.median),
    }


def _nearest(x: Tensor, y: Tensor, k: int = 1, same: bool = False) -> tuple[Tensor, Tensor]:
    """Return distances to, and indices of, the k nearest ``y`` of each ``x``, nearest first.

    Args:
        x: Shape ``[n, F]``.
        y: Shape ``[m, F]``, on the device where all happens.
        k: How many, at most m, or m − 1 where the two are the same.
        same: The two are the same, and a sample is no neighbour of itself.

    Returns:
        Two tensors ``[n, k]``, float64 and int64.
    """
    distances = torch.full((len(x), k), math.inf, dtype=torch.float64, device=y.device)
    indices = torch.zeros((len(x), k), dtype=torch.int64, device=y.device)
    for rows, columns, tile_x, tile_y in _tiles(x, y):
        squares_x, squares_y = _squares(tile_x), _squares(tile_y)[:, 0]
        # Without ‖x‖², which leaves the order of each row as it is.
        scores = torch.addmm(squares_y, tile_x, tile_y.T, alpha=-2)
        if same:
            scores.diagonal(rows.start - columns.start).fill_(math.inf)
        best, at = scores.topk(min(k, scores.shape[1]), dim=1, largest=False)
        rounding = ROUNDING * (squares_x + squares_y[at])
        best = best + squares_x
        best = best.where(best > rounding, 0)
        merged = torch.cat([distances[rows], best.sqrt()], dim=1)
        candidates = torch.cat([indices[rows], at + columns.start], dim=1)
        distances[rows], order = merged.topk(k, dim=1, largest=False)
        indices[rows] = candidates.gather(1, order)
    return distances, indices


def _tiles(x: Tensor, y: Tensor) -> Iterator[tuple[slice, slice, Tensor, Tensor]]:
    """Return parts of both sides, from the mean of ``y``, in double precision, and their places."""
    # Part by part, or the whole of it would be converted at once.
    centre = torch.stack([part.double().sum(dim=0) for part in torch.split(y, COLUMNS)]).sum(
        dim=0
    ) / len(y)
    for top in range(0, len(x), ROWS):
        rows = slice(top, top + ROWS)
        part = x[rows].to(centre.device) - centre
        for left in range(0, len(y), COLUMNS):
            columns = slice(left, left + COLUMNS)
            yield rows, columns, part, y[columns] - centre


def _squares(x: Tensor) -> Tensor:
    return x.square().sum(dim=1, keepdim=True)


def _ratio(value: float, unit: float) -> float:
    if unit == 0:
        return 1.0 if value == 0 else math.inf
    return value / unit


def _finite(features: Tensor) -> bool:
    return all(bool(part.isfinite().all()) for part in torch.split(features, COLUMNS))


# Where an argument has the name of the function.
_radii = radii
