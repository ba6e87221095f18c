"""What each dataset is, in a sentence made from the manifest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import pdist

from bench.report.formats import number, setting, whole

#: Distances that differ by less, relatively, are the same.
_SAME = 1e-6
#: Numbers of a list that the page shows one by one, and digits of a checksum.
_LONGEST, _DIGITS = 60, 12


def describe(dataset: Mapping[str, Any]) -> str:
    """Return modes, distances and σ of points; shape, classes and split sizes of images."""
    shape = "×".join(map(str, dataset["shape"]))
    if "means" in dataset:
        return _mixture(dataset) if dataset["kind"] == "mixture" else _density(dataset)
    classes, splits = dataset.get("classes"), dataset.get("splits", {})
    sizes = ", ".join(f"{whole(size)} {name}" for name, size in splits.items())
    return (
        f"{dataset['kind']} of shape {shape}"
        + (f" in {whole(classes)} classes" if classes and classes > 1 else "")
        + (f"; samples: {sizes}" if sizes else "")
    )


def origin(name: str, dataset: Mapping[str, Any]) -> str:
    """Return where a dataset comes from, if not from its name: source, settings, checksum."""
    source, checksum = dataset.get("source", name), dataset.get("checksum")
    settings = ", ".join(f"{k} {setting(v)}" for k, v in dataset.get("settings", {}).items())
    parts = [f"source {source}" if source != name else "", settings]
    if checksum:
        parts.append(f"checksum {checksum[:_DIGITS]}")
    elif dataset["kind"] == "images" and "source" in dataset:
        parts.append("not read yet")
    return "; ".join(part for part in parts if part)


def features(dataset: str, extractors: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> str:
    """Return which extractors, one or several, see a dataset's images, and how well they do."""
    listed = []
    for about in [extractors] if isinstance(extractors, Mapping) else extractors:
        accuracy = about.get("accuracy")
        known = "" if accuracy is None else f", test accuracy {100 * accuracy:.1f}\u00a0%"
        listed.append(f"{about['name']}{known}")
    return f"Features for {dataset}: {'; '.join(listed)}."


def abridged(dataset: Mapping[str, Any]) -> dict[str, Any]:
    """Return a dataset with long lists of numbers replaced by their size."""

    def short(value: Any) -> Any:
        size = np.shape(value) if isinstance(value, list) else ()
        return f"{'×'.join(map(str, size))} numbers" if np.prod(size) > _LONGEST else value

    return {key: short(value) for key, value in dataset.items()}


def _mixture(dataset: Mapping[str, Any]) -> str:
    means, weights = _parts(dataset)
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


def _density(dataset: Mapping[str, Any]) -> str:
    """Describe points around a curve, which is written as many Gaussians that are no modes."""
    means, _ = _parts(dataset)
    reach = np.linalg.norm(means, axis=1).max()
    return (
        f"a density in {means.shape[1]} dimensions without modes, written as {whole(len(means))} "
        f"Gaussians of σ = {number(float(dataset['std']))} with centres up to {_distance(reach)} "
        "from the origin"
    )


def _parts(dataset: Mapping[str, Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    means = np.atleast_2d(np.asarray(dataset["means"], float))
    return means, np.asarray(dataset["weights"], float)


def _distance(value: float) -> str:
    """Return a distance with four digits: those of a centre are exact."""
    return f"{value:.4g}"
