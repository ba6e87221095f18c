"""Fréchet distance between Gaussians fitted to features, from one square root per reference.

``‖μ₁ − μ₂‖² + tr Σ₁ + tr Σ₂ − 2 tr (R Σ₁ R)^½`` with the symmetric root R of Σ₂ (Dowson and
Landau 1982; Heusel et al. 2017). R Σ₁ R is symmetric and has the eigenvalues of Σ₁ Σ₂, so that
each further generator costs one symmetric eigenvalue problem. All in double precision, on the
CPU or on CUDA, wherever the reference is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class Moments:
    """Mean and covariance of a sample.

    Attributes:
        mean: Shape ``[F]``, float64.
        covariance: Shape ``[F, F]``, float64, divided by ``count`` − 1.
        count: Size of the sample. It bounds the rank of the covariance by ``count`` − 1.
    """

    mean: Tensor
    covariance: Tensor
    count: int


@dataclass(frozen=True)
class Reference:
    """The real side of a Fréchet distance.

    Attributes:
        moments: Mean and covariance of the real features.
        root: Symmetric square root of the covariance, shape ``[F, F]``, float64.
    """

    moments: Moments
    root: Tensor


def moments(features: Tensor) -> Moments:
    """Return mean and covariance of features ``[n, F]``, n ≥ 2, of any floating type.

    A feature that is not finite makes moments that are not, and an infinite distance.

    Raises:
        ValueError: There are fewer than two samples.
    """
    mean, centred = _centred(features.double())
    return Moments(mean, centred.T @ centred / (len(centred) - 1), len(centred))


def reference(real: Tensor | Moments) -> Reference:
    """Return what distances to real features ``[m, F]``, or to a sample's moments, need of them.

    About 3 s at 2,048 dimensions on one core.

    Raises:
        ValueError: There are fewer than two samples, or a feature is not finite.
    """
    if isinstance(real, Tensor):
        real = moments(real)
    if not _finite(real.mean, real.covariance):
        raise ValueError("the real features are not finite, and nothing can be compared with them")
    values, vectors = torch.linalg.eigh(real.covariance)
    return Reference(real, (vectors * values.clamp(min=0).sqrt()) @ vectors.T)


def frechet_distance(fake: Moments, real: Reference) -> float:
    """Return the Fréchet distance of generated to real features from their moments.

    Args:
        fake: Moments of the generated features.
        real: The reference, of the same dimension.

    Returns:
        FID, in squared units of the features, at least zero; infinite if a moment is not finite.
        Rounding moves it by at most 1e-8 of the largest variance for each direction that is
        nearly null on both sides, and much less for the others.
    """
    mean, covariance = fake.mean.to(real.root), fake.covariance.to(real.root)
    inner = real.root @ covariance @ real.root
    distance = _assemble(mean, float(covariance.trace()), inner, fake.count, real)
    return max(0.0, distance)


def frechet_distance_of(fake: Tensor, real: Reference) -> float:
    """Return the Fréchet distance of generated features ``[n, F]`` by the cheaper of two ways.

    With X the centred features, R Σ R = R XᵀX R / (n − 1) has the nonzero eigenvalues of
    X R² Xᵀ / (n − 1), which is n × n: smaller where n − 1 < F. Other than that, it is
    ``frechet_distance(moments(fake), real)``.

    Raises:
        ValueError: There are fewer than two samples.
    """
    if len(fake) > fake.shape[1]:
        return frechet_distance(moments(fake), real)
    mean, centred = _centred(fake.to(real.root))
    projected = centred @ real.root
    return max(0.0, _from_projected(mean, _variance(centred), projected, real))


def frechet_infinity(
    features: Tensor, real: Reference, rng: np.random.Generator, points: int = 15
) -> float:
    """Return the Fréchet distance extrapolated to infinitely many generated samples.

    FID_N of random subsets of ``points`` equally spaced sizes N, from the largest of n/10 and
    5F (but at most n/2) up to n, is fitted by a + b/N with weights N; the value is a (Chong and
    Forsyth 2020, there without weights and from N = 5,000). The variance of FID_N falls with N,
    hence the weights.

    It removes the bias that comes of finitely many *generated* samples. That of the real side
    stays: the truth does not score zero, and references of different sizes give values that
    cannot be compared. The bias is b/N only where N is several times F: take n ≥ 10 F. From fewer
    samples the line is steeper than the bias, and a comes out too small.

    Costs ``points`` symmetric eigenvalue problems, of dimension min(N, F): milliseconds at 64
    dimensions, about half a minute at 2,048 on one core.

    Args:
        features: Generated features, shape ``[n, F]``.
        real: The reference, of the same dimension.
        rng: Chooses the subsets.
        points: How many sizes.

    Returns:
        The intercept, in squared units of the features. It scatters about its expectation, so
        that it may be below zero where the distance is small. Infinite if a feature is not
        finite.

    Raises:
        ValueError: There are too few samples for two sizes, or too few points for a line.
    """
    n, dimension = features.shape
    smallest = max(2, n // 10, min(5 * dimension, n // 2))
    sizes = np.unique(np.linspace(smallest, n, points).astype(int))
    if len(sizes) < 2:
        raise ValueError(f"{points} sizes up to {n} samples are no line to extrapolate")
    features = features.to(real.root)
    if not features.isfinite().all():
        return math.inf
    # The eigenvalue problem of every subset is that of the projected samples.
    projected = features @ real.root
    distances = []
    for size in sizes:
        chosen = torch.from_numpy(rng.permutation(n)[:size]).to(features.device)
        mean, centred = _centred(features[chosen])
        _, inner = _centred(projected[chosen])
        distances.append(_from_projected(mean, _variance(centred), inner, real))
    if not np.isfinite(distances).all():
        return math.inf
    # numpy's weights multiply residuals before they are squared.
    intercept, _ = np.polynomial.polynomial.polyfit(1 / sizes, distances, 1, w=np.sqrt(sizes))
    return float(intercept)


def _centred(features: Tensor) -> tuple[Tensor, Tensor]:
    if len(features) < 2:
        raise ValueError(f"a covariance needs at least two samples, not {len(features)}")
    mean = features.mean(dim=0)
    return mean, features - mean


def _variance(centred: Tensor) -> float:
    return float(centred.square().sum()) / (len(centred) - 1)


def _from_projected(mean: Tensor, variance: float, projected: Tensor, real: Reference) -> float:
    """Return the distance, given the trace of Σ and centred features times the root."""
    count, dimension = projected.shape
    inner = projected @ projected.T if count <= dimension else projected.T @ projected
    return _assemble(mean, variance, inner / (count - 1), count, real)


def _assemble(mean: Tensor, variance: float, inner: Tensor, count: int, real: Reference) -> float:
    if not (math.isfinite(variance) and _finite(mean, inner)):
        return math.inf
    # A sample of n spans n − 1 directions; eigenvalues beyond them are rounding, whose roots
    # would add up.
    rank = min(len(inner), count - 1, real.moments.count - 1)
    values = torch.linalg.eigvalsh(inner)[len(inner) - rank :]
    overlap = float(values.clamp(min=0).sqrt().sum())
    shift = float((mean - real.moments.mean).square().sum())
    return shift + variance + float(real.moments.covariance.trace()) - 2 * overlap


def _finite(*tensors: Tensor) -> bool:
    return all(bool(tensor.isfinite().all()) for tensor in tensors)
