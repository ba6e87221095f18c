"""What each dataset is, in a sentence made from the manifest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.spatial.distance import pdist

from bench.report.formats import number, whole

#: Distances that differ by less, relatively, are the same.
_SAME = 1e-6


def describe(dataset: Mapping[str, Any]) -> str:
    """Return modes, distances and σ of a mixture; shape and split sizes of images."""
    shape = "×".join(map(str, dataset["shape"]))
    if "means" in dataset:
        return _mixture(dataset)
    splits = dataset.get("splits", {})
    sizes = ", ".join(f"{whole(size)} {name}" for name, size in splits.items())
    return f"{dataset['kind']} of shape {shape}" + (f"; samples: {sizes}" if sizes else "")


def _mixture(dataset: Mapping[str, Any]) -> str:
    means = np.atleast_2d(np.asarray(dataset["means"], float))
    weights = np.asarray(dataset["weights"], float)
    reach, count = np.linalg.norm(means, axis=1), len(means)
    equal = bool(np.ptp(weights) <= _SAME * weights.max())
    ring = bool(np.ptp(reach) <= _SAME * reach.max())
    parts = [
        f"{count} Gaussian mode{'' if count == 1 else 's'} in {means.shape[1]} dimensions"
        + ("" if equal else f", weights {number(weights.min())} to {number(weights.max())}"),
        f"centres {'at distance' if ring else 'up to'} {_distance(reach.max())} from the origin",
    ]
    if count > 1:
        parts.append(f"nearest centres {_distance(float(pdist(means).min()))} apart")
    return ", ".join([*parts, f"σ = {number(float(dataset['std']))}"])


def _distance(value: float) -> str:
    """Return a distance with four digits: those of a centre are exact."""
    return f"{value:.4g}"
