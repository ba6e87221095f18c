"""The real side of image metrics: features and statistics, computed once and shared.

They are kept (:mod:`bench.metrics.cache`) under the hash of the data, the extractor's weights and
layer, the images drawn, and the code that makes them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache as cached
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bench.datasets.base import Images, checksum
from bench.metrics import classifier, extractors, frechet, neighbours, pixels
from bench.metrics.cache import Cache, Tensors
from bench.metrics.extractors import Extractor, extract
from bench.metrics.protocols import stream

#: Neighbours of density and coverage, as in the paper.
NEIGHBOURS = 5


@dataclass(frozen=True)
class Real:
    """Real images as the metrics see them.

    Attributes:
        values: Features, shape ``[n, F]``, float32.
        frechet: Their moments and the root of their covariance.
        radii: Distance of each to its fifth nearest other one, shape ``[n]``.
    """

    values: Tensor
    frechet: frechet.Reference
    radii: Tensor

    @classmethod
    def of(cls, values: Tensor) -> Real:
        """Return what the metrics need of real features ``[n, F]``, n > 5."""
        radii = neighbours.radii(values, NEIGHBOURS)
        return cls(values, frechet.reference(values), radii)


@dataclass(frozen=True)
class References:
    """What an extractor sees in a dataset's real images.

    Attributes:
        images: The dataset.
        extractor: The extractor.
        cache: Where it is kept.
    """

    images: Images
    extractor: Extractor
    cache: Cache
    _made: dict[object, Any] = field(default_factory=dict, repr=False)

    def real(self, split: str, count: int) -> Real:
        """Return ``count`` images of a split, drawn the same everywhere."""
        if (split, count) not in self._made:
            members = drawn(self.images, split, count)
            found = self._kept(split, members, lambda: _flat(Real.of(self._values(split, members))))
            moments = frechet.Moments(found["mean"], found["covariance"], count)
            reference = frechet.Reference(moments, found["root"])
            self._made[split, count] = Real(found["values"], reference, found["radii"])
        real: Real = self._made[split, count]
        return real

    def neighbourhood(self) -> neighbours.Neighbourhood:
        """Return all training images, and how far from them those of the test split are."""
        if "neighbourhood" not in self._made:
            members = np.arange(len(self.images.pixels["train"]))
            found = self._kept("neighbourhood", members, self._neighbourhood)
            near, median = float(found["near"]), float(found["median"])
            made = neighbours.Neighbourhood(found["train"], found["own"], near, median)
            self._made["neighbourhood"] = made
        neighbourhood: neighbours.Neighbourhood = self._made["neighbourhood"]
        return neighbourhood

    def _neighbourhood(self) -> Tensors:
        train, held_out = (
            extract(self.extractor, self.images.pixels[split]).values for split in ("train", "test")
        )
        made = neighbours.neighbourhood(train, held_out)
        scalars = {"near": made.near, "median": made.median}
        return {
            "train": made.train,
            "own": made.own,
            **{name: torch.tensor(value, dtype=torch.float64) for name, value in scalars.items()},
        }

    def _values(self, split: str, members: NDArray[np.int64]) -> Tensor:
        return extract(self.extractor, self.images.pixels[split][members]).values

    def _kept(
        self, what: str, members: NDArray[np.int64], compute: Callable[[], Tensors]
    ) -> Tensors:
        extractor, images = self.extractor, self.images
        key = {
            "data": images.checksum or checksum(images.pixels, images.labels),
            "extractor": extractor.registered,
            "weights": extractor.hash,
            "layer": extractor.layer,
            "what": what,
            "members": hashlib.blake2b(members.tobytes(), digest_size=16).hexdigest(),
            "code": code(),
        }
        name = f"{self.images.name}-{extractor.name}-{what}-{len(members)}"
        found = self.cache.get(name, key, compute)
        return {key: tensor.to(extractor.device) for key, tensor in found.items()}


def drawn(images: Images, split: str, count: int) -> NDArray[np.int64]:
    """Return which ``count`` images of a split are compared with.

    A draw, since a split may be stored class by class.
    """
    order: NDArray[np.int64] = stream(images.name, split).permutation(len(images.pixels[split]))
    return order[:count]


@cached
def code() -> str:
    """Return a hash of all code that features and statistics come from."""
    modules = (frechet, neighbours, extractors, pixels, classifier)
    files = [Path(str(module.__file__)) for module in modules] + [Path(__file__)]
    state = hashlib.blake2b(digest_size=16)
    for file in files:
        state.update(file.read_bytes())
    state.update(version("torch-fidelity").encode())
    return state.hexdigest()


def _flat(real: Real) -> Tensors:
    moments = real.frechet.moments
    return {
        "values": real.values,
        "radii": real.radii,
        "mean": moments.mean,
        "covariance": moments.covariance,
        "root": real.frechet.root,
    }
