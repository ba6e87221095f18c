"""Mixtures of Gaussians: a density that is known, and modes that are."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Batch = NDArray[np.float32]


@dataclass(frozen=True)
class Mixture:
    """A mixture of Gaussians: a known density, and known modes where its components are modes.

    A sample of component k is ``means[k] + std·F_k z`` with a standard normal z.

    Attributes:
        name: The dataset's name.
        means: Centres, shape ``[K, d]``.
        std: Standard deviation of every component, before its factor.
        weights: Component weights, shape ``[K]``, summing to one; equal by default.
        factors: F, shape ``[K, d, r]``, of rank r ≤ d, or ``[1, d, r]`` for one that all share;
            empty for the identity: isotropic components.
        modal: Whether the components are modes. Where they trace a curve, they are none.
        radius: How many standard deviations from its mode a sample of high quality may be in the
            published protocol, where that is not the radius that holds 98.889 % of a component;
            0 where it is.
    """

    name: str
    means: Array
    std: float
    weights: Array = field(default_factory=lambda: np.empty(0))
    factors: Array = field(default_factory=lambda: np.empty(0))
    modal: bool = True
    radius: float = 0.0

    def __post_init__(self) -> None:
        if self.weights.size == 0:
            modes = len(self.means)
            object.__setattr__(self, "weights", np.full(modes, 1 / modes))

    @property
    def kind(self) -> str:
        """``"mixture"``, or ``"density"`` where the components are no modes."""
        return "mixture" if self.modal else "density"

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one sample, ``(d,)``."""
        return (self.means.shape[1],)

    @property
    def rank(self) -> int:
        """Dimension r of a component; less than d where it is flat."""
        return int(self.factors.shape[-1]) if self.factors.size else self.means.shape[1]

    @property
    def flat(self) -> bool:
        """Whether components have no density in R^d."""
        return self.rank < self.shape[0]

    @property
    def classes(self) -> int:
        """Number of classes; a sample's class is its component."""
        return len(self.means)

    @property
    def extent(self) -> float:
        """The largest absolute coordinate of a centre."""
        return float(np.abs(self.means).max())

    @property
    def spread(self) -> float:
        """Root mean square distance of a sample from the centre of its component."""
        if not self.factors.size:
            return float(self.std * np.sqrt(self.rank))
        squares = np.broadcast_to(np.square(self.factors).sum(axis=(1, 2)), len(self.means))
        return float(self.std * np.sqrt(squares @ self.weights))

    def sample(self, n: int, rng: np.random.Generator) -> Batch:
        """Draw ``n`` independent samples, shape ``[n, d]``."""
        return self._around(rng.choice(len(self.weights), size=n, p=self.weights), rng)

    def stratified(self, n: int, rng: np.random.Generator) -> Batch:
        """Draw ``n`` samples, in the order of components, with ``n·w`` of each, rounded.

        A reference sample without the multinomial noise of the counts. Any run of neighbouring
        components, too, has as many as it should, give or take one: where there are more
        components than samples, these are spread evenly.
        """
        ends = np.rint(n * np.cumsum(self.weights) / self.weights.sum()).astype(int)
        counts = np.diff(ends, prepend=0)
        return self._around(np.repeat(np.arange(len(counts)), counts), rng)

    def distances(self, samples: NDArray[np.floating]) -> Array:
        """Return how many standard deviations samples are from the components, ``[n, K]``.

        The Mahalanobis distance of a component that spans the space. Across a flat component's
        own span there is no deviation to measure by, so that ``std`` takes its place: where the
        columns of its factor are orthonormal, all is the Euclidean distance over ``std``.

        Args:
            samples: Shape ``[n, d]``; what is not finite is infinitely far from everything.
        """
        # Planning a study needs a mixture's shape, and not the second that scipy takes.
        from scipy.spatial.distance import cdist

        distances = np.full((len(samples), len(self.means)), np.inf)
        known = np.isfinite(samples).all(axis=1)
        points = np.asarray(samples[known], dtype=np.float64)
        whitening = self._whitening
        if not len(whitening):
            distances[known] = cdist(points, self.means)
        elif len(whitening) == 1:
            distances[known] = cdist(points @ whitening[0], self.means @ whitening[0])
        else:
            for component, (mean, matrix) in enumerate(zip(self.means, whitening, strict=True)):
                offsets = (points - mean) @ matrix
                distances[known, component] = np.linalg.norm(offsets, axis=1)
        return distances / self.std

    def log_density(self, samples: NDArray[np.floating]) -> Array:
        """Return the logarithm of the density at samples, shape ``[n]``.

        Args:
            samples: Shape ``[n, d]``; what is not finite has density 0.

        Raises:
            ValueError: The components are flat: there is no density in R^d.
        """
        if self.flat:
            rank, dimension = self.rank, self.shape[0]
            raise ValueError(f"{self.name!r} lies on {rank} of {dimension} dimensions: no density")
        volumes = np.linalg.slogdet(self.factors)[1] if self.factors.size else np.zeros(1)
        constant = volumes + self.rank * np.log(self.std * np.sqrt(2 * np.pi))
        exponents = np.log(self.weights) - constant - self.distances(samples) ** 2 / 2
        # A density of 0 has no largest term to measure the others by.
        peaks = np.maximum(exponents.max(axis=1), np.finfo(np.float64).min)
        with np.errstate(divide="ignore"):
            return np.asarray(peaks + np.log(np.exp(exponents - peaks[:, None]).sum(axis=1)))

    def without(self, modes: int) -> Mixture:
        """Return the mixture with its last ``modes`` components removed."""
        kept = self.weights[: len(self.weights) - modes]
        shared = len(self.factors) <= 1
        factors = self.factors if shared else self.factors[: len(kept)]
        weights = kept / kept.sum()
        return replace(self, means=self.means[: len(kept)], weights=weights, factors=factors)

    @cached_property
    def _whitening(self) -> Array:
        """Symmetric matrices ``[K or 1, d, d]`` that make offsets isotropic; empty if they are."""
        factors, dimension = self.factors, self.shape[0]
        if not factors.size:
            return np.empty(0)
        own = np.swapaxes(factors, 1, 2) @ factors
        if np.allclose(own, np.eye(self.rank), rtol=0, atol=1e-12):
            return np.empty(0)
        axes, lengths, _ = np.linalg.svd(factors, full_matrices=False)
        # Stretched along the component's axes, left as it is across them.
        stretched = (axes * (1 / lengths - 1)[:, None]) @ np.swapaxes(axes, 1, 2)
        return np.asarray(np.eye(dimension) + stretched)

    def _around(self, component: NDArray[np.int64], rng: np.random.Generator) -> Batch:
        noise = rng.normal(scale=self.std, size=(len(component), self.rank))
        if len(self.factors) == 1:
            noise = noise @ self.factors[0].T
        elif self.factors.size:
            noise = np.einsum("ndr,nr->nd", self.factors[component], noise)
        return (self.means[component] + noise).astype(np.float32)
