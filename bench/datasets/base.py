"""What a dataset is: real samples with splits and, where known, the true density.

Datasets are numpy throughout: planning a study and drawing its report need their shapes and
modes, and neither imports torch.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Batch = NDArray[np.float32]


@dataclass(frozen=True)
class Mixture:
    """A mixture of isotropic Gaussians whose modes and density are known.

    Attributes:
        name: The dataset's name.
        means: Mode centres, shape ``[K, d]``.
        std: Standard deviation of every mode.
        weights: Mode weights, shape ``[K]``, summing to one; equal by default.
    """

    kind: ClassVar[str] = "mixture"
    name: str
    means: Array
    std: float
    weights: Array = field(default_factory=lambda: np.empty(0))

    def __post_init__(self) -> None:
        if self.weights.size == 0:
            modes = len(self.means)
            object.__setattr__(self, "weights", np.full(modes, 1 / modes))

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one sample, ``(d,)``."""
        return (self.means.shape[1],)

    @property
    def classes(self) -> int:
        """Number of classes; a sample's class is its mode."""
        return len(self.means)

    def sample(self, n: int, rng: np.random.Generator) -> Batch:
        """Draw ``n`` independent samples, shape ``[n, d]``."""
        return self._around(rng.choice(len(self.weights), size=n, p=self.weights), rng)

    def stratified(self, n: int, rng: np.random.Generator) -> Batch:
        """Draw ``n`` samples with mode counts as near to ``n·w`` as whole numbers allow.

        A reference sample without the multinomial noise of the mode counts.
        """
        counts = np.floor(n * self.weights).astype(int)
        remainder = n * self.weights - counts
        counts[np.argsort(-remainder, kind="stable")[: n - counts.sum()]] += 1
        return self._around(np.repeat(np.arange(len(counts)), counts), rng)

    def without(self, modes: int) -> Mixture:
        """Return the mixture with its last ``modes`` modes removed."""
        kept = self.weights[: len(self.weights) - modes]
        return Mixture(self.name, self.means[: len(kept)], self.std, kept / kept.sum())

    def _around(self, mode: NDArray[np.int64], rng: np.random.Generator) -> Batch:
        noise = rng.normal(scale=self.std, size=(len(mode), self.means.shape[1]))
        return (self.means[mode] + noise).astype(np.float32)


@dataclass(frozen=True)
class Images:
    """Images in [-1, 1] with three disjoint splits.

    Attributes:
        name: The dataset's name.
        train: What training sees, float32, shape ``[n, C, H, W]``.
        validation: What chooses snapshots and reads the losses; never trained on.
        test: What reported numbers are measured against; used for nothing else.
        train_labels: Classes of ``train``, shape ``[n]``; likewise for the others.
    """

    kind: ClassVar[str] = "images"
    name: str
    train: Batch
    validation: Batch
    test: Batch
    train_labels: NDArray[np.int64]
    validation_labels: NDArray[np.int64]
    test_labels: NDArray[np.int64]

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one sample, ``(C, H, W)``."""
        return self.train.shape[1:]

    @property
    def classes(self) -> int:
        """Number of classes; labels are 0 to ``classes`` − 1."""
        return int(self.train_labels.max()) + 1


Dataset = Mixture | Images
