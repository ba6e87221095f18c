"""The true value of each divergence that an objective may estimate, on a pair.

Names are those of an objective's ``divergence``. Conventions: natural logarithms;
D_f(p‖q) = ∫q f(p/q) (Csiszár 1967).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from scipy.signal import fftconvolve

from bench.calibration.density import Array
from bench.calibration.pairs import Pair
from bench.calibration.quadrature import Truth, is_finite, on_lattice
from bench.calibration.wasserstein import wasserstein1

__all__ = ["DIVERGENCES", "Truth", "alpha_divergence"]

#: Beyond this a log-ratio is cut for the relativistic divergence, which changes by less than
#: e⁻⁴⁰: ratios e^ℓ have mean one under q, and e^−ℓ under p.
_LARGEST_LOG_RATIO = 40.0
_BINS = 2**18


def alpha_divergence(pair: Pair, alpha: float) -> Truth:
    """Return the α-divergence, f(u) = (u^α − 1 − α(u − 1)) / (α(α − 1)) (Cressie and Read 1984).

    α = 1 is KL(p‖q), α = 0 is KL(q‖p), ½ twice the squared Hellinger distance, 2 half of Pearson's
    χ² and −1 half of Neyman's. Infinite where p's tails are too heavy for q (α > 1), or q's for p
    (α < 0).
    """
    p, q = pair.p, pair.q
    if alpha <= 0:
        # f(u) = u·f*(1/u) with f* that of 1 − α.
        p, q, alpha = q, p, 1 - alpha
    if not is_finite(p, q, alpha):
        return Truth(float("inf"))
    # Below one the integrand is at most αp + (1 − α)q, which the lattice of α = 1 covers.
    lattice, log_p, log_q = on_lattice(p, q, max(alpha, 1.0))
    density_p, density_q = np.exp(log_p), np.exp(log_q)
    if alpha == 1:
        return lattice.integrate(density_p * (log_p - log_q) - density_p + density_q)
    powers = np.exp(alpha * log_p + (1 - alpha) * log_q)
    values = powers - density_q - alpha * (density_p - density_q)
    return lattice.integrate(values / (alpha * (alpha - 1)))


def _multiple(factor: float, alpha: float) -> Callable[[Pair], Truth]:
    def divergence(pair: Pair) -> Truth:
        truth = alpha_divergence(pair, alpha)
        return Truth(factor * truth.value, factor * truth.error)

    return divergence


def _integral(integrand: Callable[[Array, Array, Array], Array]) -> Callable[[Pair], Truth]:
    """Return the integral of a function of p, q and log p/q that both densities bound."""

    def divergence(pair: Pair) -> Truth:
        lattice, log_p, log_q = on_lattice(pair.p, pair.q)
        return lattice.integrate(integrand(np.exp(log_p), np.exp(log_q), log_p - log_q))

    return divergence


def _jensen_shannon(p: Array, q: Array, log_ratio: Array) -> Array:
    # log 2p/(p + q) = log 2 − softplus(−log p/q).
    to_p = np.log(2) - np.logaddexp(0, -log_ratio)
    to_q = np.log(2) - np.logaddexp(0, log_ratio)
    return np.asarray((p * to_p + q * to_q) / 2)


def _of_products(pair: Pair) -> Truth:
    """Return JSD(p⊗q, q⊗p) = log 2 − E softplus(ℓ(y) − ℓ(x)), x from p, y from q, ℓ = log p/q.

    It depends on the distribution of ℓ(y) − ℓ(x) alone, which is a convolution.
    """
    lattice, log_p, log_q = on_lattice(pair.p, pair.q)
    every = (slice(None, None, 2),) * log_p.ndim
    fine = _from_log_ratios(lattice.cell, log_p, log_q)
    coarse = _from_log_ratios(lattice.cell * 2**log_p.ndim, log_p[every], log_q[every])
    return Truth(fine, abs(fine - coarse))


def _from_log_ratios(cell: float, log_p: Array, log_q: Array) -> float:
    edge = _LARGEST_LOG_RATIO
    position = (np.clip(log_p - log_q, -edge, edge) + edge).ravel() * (_BINS / (2 * edge))
    low = np.minimum(position.astype(np.int64), _BINS - 1)
    high_share = position - low

    def histogram(log_density: Array) -> Array:
        # Each mass goes to the two nearest bins, which keeps its mean.
        mass = cell * np.exp(log_density).ravel()
        lower = np.bincount(low, mass * (1 - high_share), _BINS + 1)
        return np.asarray(lower + np.bincount(low + 1, mass * high_share, _BINS + 1))

    differences = fftconvolve(histogram(log_q), histogram(log_p)[::-1])
    support = np.linspace(-2 * edge, 2 * edge, 2 * _BINS + 1)
    return float(np.log(2) - differences @ np.logaddexp(0, support))


#: The true value by the divergence's name.
DIVERGENCES: Mapping[str, Callable[[Pair], Truth]] = MappingProxyType(
    {
        "Kullback-Leibler divergence": _multiple(1, 1),
        "reverse Kullback-Leibler divergence": _multiple(1, 0),
        "Jensen-Shannon divergence": _integral(_jensen_shannon),
        "Kullback-Leibler divergence of p from (p + q)/2": _integral(
            lambda p, q, log_ratio: p * (np.log(2) - np.logaddexp(0, -log_ratio))
        ),
        "squared Hellinger distance": _multiple(0.5, 0.5),
        "Pearson chi-squared divergence": _multiple(2, 2),
        "Neyman chi-squared divergence": _multiple(2, -1),
        "total variation distance": _integral(lambda p, q, _: abs(p - q) / 2),
        "Vincze-Le Cam divergence": _integral(
            # (p − q)/(p + q) = tanh(½ log p/q), also where both densities underflow.
            lambda p, q, log_ratio: (p - q) * np.tanh(log_ratio / 2)
        ),
        "Jensen-Shannon divergence between p⊗q and q⊗p": _of_products,
        "1-Wasserstein distance": lambda pair: wasserstein1(pair.p, pair.q),
    }
)
