"""A mixture of Gaussians whose density is known and which can be drawn from any stream."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Density:
    """A mixture of Gaussians with any covariances; with one component, a Gaussian.

    Attributes:
        weights: Weights of the components, shape ``[K]``, positive and summing to one.
        means: Their means, shape ``[K, d]``.
        covariances: Their covariances, shape ``[K, d, d]``, positive definite.
    """

    weights: Array
    means: Array
    covariances: Array

    def __post_init__(self) -> None:
        components, dimension = self.means.shape
        if self.weights.shape != (components,):
            raise ValueError(f"{components} means want as many weights, not {self.weights.shape}")
        if self.covariances.shape != (components, dimension, dimension):
            raise ValueError(
                f"means {self.means.shape} do not go with covariances {self.covariances.shape}"
            )
        if not (self.weights > 0).all() or not np.isclose(self.weights.sum(), 1):
            raise ValueError(f"weights {self.weights} are not positive with sum one")

    @property
    def dimension(self) -> int:
        """Dimension of the space, d."""
        return int(self.means.shape[1])

    @property
    def gaussians(self) -> list[tuple[Array, Array]]:
        """Mean and covariance of each component."""
        return list(zip(self.means, self.covariances, strict=True))

    @cached_property
    def factors(self) -> Array:
        """Lower Cholesky factors L of the covariances LLᵀ, shape ``[K, d, d]``."""
        return np.asarray(np.linalg.cholesky(self.covariances), dtype=np.float64)

    @property
    def mean(self) -> Array:
        """Mean of the mixture, shape ``[d]``."""
        return np.asarray(self.weights @ self.means)

    @property
    def covariance(self) -> Array:
        """Covariance of the mixture, shape ``[d, d]``."""
        offsets = self.means - self.mean
        within = np.einsum("k,kij->ij", self.weights, self.covariances)
        return np.asarray(within + (self.weights * offsets.T) @ offsets)

    def log_density(self, x: Array) -> Array:
        """Return the log of the density at points ``x``, shape ``[..., d]``; finite far out."""
        logs = []
        for weight, mean, factor in zip(self.weights, self.means, self.factors, strict=True):
            standard = (x - mean) @ np.linalg.inv(factor).T
            volume = np.log(np.diag(factor)).sum() + 0.5 * self.dimension * np.log(2 * np.pi)
            logs.append(np.log(weight) - volume - 0.5 * (standard**2).sum(axis=-1))
        return np.asarray(np.logaddexp.reduce(logs))

    def place(self, uniform: Array, normal: Array) -> Array:
        """Return the samples that standard random numbers stand for.

        Args:
            uniform: Draws from U(0, 1), shape ``[n]``; each chooses a component by the inverse
                of the distribution function of the weights.
            normal: Draws from N(0, I), shape ``[n, d]``; each becomes mean + L·normal.

        Returns:
            Samples, shape ``[n, d]``.
        """
        # The last edge is left out: rounding may put it below one, and below a draw.
        component = np.searchsorted(np.cumsum(self.weights)[:-1], uniform, side="right")
        spread = np.einsum("nij,nj->ni", self.factors[component], normal)
        return np.asarray(self.means[component] + spread)

    def sample(self, n: int, rng: np.random.Generator) -> Array:
        """Draw ``n`` independent samples, shape ``[n, d]``."""
        uniform = rng.random(n)
        return self.place(uniform, rng.standard_normal((n, self.dimension)))


def gaussian(mean: object, covariance: object) -> Density:
    """Return the Gaussian with a mean ``[d]`` and a covariance ``[d, d]``; numbers where d = 1."""
    location = np.atleast_1d(np.asarray(mean, dtype=np.float64))
    scatter = np.atleast_2d(np.asarray(covariance, dtype=np.float64))
    return Density(np.ones(1), location[None], scatter[None])


def mixture(*parts: tuple[float, Density]) -> Density:
    """Return the mixture of densities of one dimension, each given after its weight."""
    return Density(
        np.concatenate([weight * part.weights for weight, part in parts]),
        np.concatenate([part.means for _, part in parts]),
        np.concatenate([part.covariances for _, part in parts]),
    )
