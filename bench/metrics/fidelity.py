"""Image metrics of features: FID, KID, Inception score, precision, recall, density, coverage.

KID, the Inception score, precision, recall and F-score (and MIND, where it has it) are computed by
torch-fidelity's feature-level functions, the others by our own. Features are extracted once for
all of them; one full ``calculate_metrics`` call (:func:`full_metrics`) gives the same numbers at a
second a call.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from importlib.util import find_spec
from typing import Any

import torch_fidelity
from torch import Tensor
from torch.utils.data import Dataset
from torch_fidelity.metric_isc import isc_features_to_metric
from torch_fidelity.metric_kid import kid_features_to_metric
from torch_fidelity.metric_prc import prc_features_to_metric

from bench.datasets.base import Samples
from bench.metrics import frechet, neighbours
from bench.metrics.extractors import Extractor, Features, pixels
from bench.metrics.protocols import stream
from bench.metrics.references import NEIGHBOURS, Real
from bench.records import METRICS

KID_SUBSETS, KID_SUBSET_SIZE = 100, 1000
SPLITS = 10
SEED = 2020
#: Samples a dimension from which an extrapolation to infinitely many begins to make sense.
EXTRAPOLATED = 4
#: Torch-fidelity has it from the version after 0.4.0.
HAS_MIND = find_spec("torch_fidelity.metric_mind") is not None

_NAMES = {
    "fid": "frechet_inception_distance",
    "kid": "kernel_inception_distance_mean",
    "inception_score": "inception_score_mean",
    "precision": "precision",
    "recall": "recall",
    "f_score": "f_score",
    "mind": "monge_inception_distance",
}


def image_metrics(fake: Features, real: Real, neighbourhood: int = 3) -> dict[str, float]:
    """Compare generated images with real ones.

    KID is the mean over 100 subsets of 1,000 (Bińkowski et al. 2018), or of as many as the
    smaller side has; the Inception score the mean over ten parts (Salimans et al. 2016);
    precision and recall use balls to the k-th neighbour (Kynkäänniemi et al. 2019), density and
    coverage such to the fifth (Naeem et al. 2020).

    Args:
        fake: What the extractor sees in the generated images, at least two.
        real: The same of real ones.
        neighbourhood: k of precision and recall; both sides must have more images than that.

    Returns:
        ``fid``, ``kid``, ``precision``, ``recall``, ``f_score``, ``density``, ``coverage``;
        ``inception_score`` where there are logits, ``fid_infinity`` where there are at least four
        generated images a dimension, ``mind`` where torch-fidelity has it. If a feature is not
        finite, all have the worst value.
    """
    values = fake.values
    names = ["fid", "kid", "precision", "recall", "f_score", "density", "coverage"]
    names += ["inception_score"] * (fake.logits is not None)
    names += ["fid_infinity"] * (len(values) >= EXTRAPOLATED * values.shape[1])
    names += ["mind"] * HAS_MIND
    if not values.isfinite().all():
        return worst(names)
    # In double precision: the library keeps that of the features.
    one, other = values.double(), real.values.double()
    found = kid_features_to_metric(one, other, **_kid_settings(len(one), len(other)))
    found |= prc_features_to_metric(
        values,
        real.values,
        prc_neighborhood=neighbourhood,
        # In blocks of 1,000: at 10,000 images a third of the time, and a fifth of the memory.
        prc_batch_size=1000,
        save_cpu_ram=True,
        verbose=False,
    )
    if fake.logits is not None:
        parts = min(SPLITS, len(values))
        # Where all samples of a part are sure of one class, the others' zeros would make it NaN.
        logits = fake.logits.double().log_softmax(dim=1).clamp(min=-700)
        found |= isc_features_to_metric(logits, splits=parts, rng_seed=SEED)
    if HAS_MIND:
        from torch_fidelity.metric_mind import mind_features_to_metric

        found |= mind_features_to_metric(values, real.values, rng_seed=SEED, verbose=False)
    found = {name: float(found[key]) for name, key in _NAMES.items() if key in found}
    found["fid"] = frechet.frechet_distance_of(values, real.frechet)
    if "fid_infinity" in names:
        rng = stream("fid-infinity")
        found["fid_infinity"] = frechet.frechet_infinity(values, real.frechet, rng)
    found |= neighbours.density_coverage(values, real.values, NEIGHBOURS, real.radii)
    return {name: found[name] for name in METRICS if name in found}


def full_metrics(
    extractor: Extractor, fake: Samples, real: Samples, neighbourhood: int = 3
) -> dict[str, float]:
    """Compare generated images with real ones by one ``torch_fidelity.calculate_metrics`` call.

    Nothing is cached: the library caches under a name, whatever the data behind it.

    Args:
        extractor: What extracts the features.
        fake: Generated images in [-1, 1], shape ``[n, C, H, W]``, n ≥ 10.
        real: Real images, shape ``[m, C, H, W]``.
        neighbourhood: As in :func:`image_metrics`.

    Returns:
        Those metrics of :func:`image_metrics` that the library has, from features in single
        precision.
    """
    metrics = torch_fidelity.calculate_metrics(
        input1=_InMemory(pixels(extractor, fake)),
        input2=_InMemory(pixels(extractor, real)),
        feature_extractor=extractor.registered,
        feature_extractor_weights_path=extractor.weights,
        fid=True,
        kid=True,
        prc=True,
        isc=extractor.logits is not None,
        **({"mind": True} if HAS_MIND else {}),
        prc_neighborhood=neighbourhood,
        cuda=extractor.device.type == "cuda",
        batch_size=extractor.batch,
        cache=False,
        # Without this the library starts several data-loader processes.
        save_cpu_ram=True,
        **_kid_settings(len(fake), len(real)),
    )
    return {name: float(metrics[key]) for name, key in _NAMES.items() if key in metrics}


def worst(names: Iterable[str]) -> dict[str, float]:
    """Return what metrics are of samples that are not finite, in the catalogue's order."""
    chosen = set(names)
    return {name: _worst(name) for name in METRICS if name in chosen}


def _worst(name: str) -> float:
    metric = METRICS[name]
    if metric.worst is not None:
        return metric.worst
    return -math.inf if metric.better == "higher" else math.inf


class _InMemory(Dataset[Tensor]):
    """Images as torch-fidelity wants them: bare tensors, not tuples of one."""

    def __init__(self, images: Tensor) -> None:
        self.images = images

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> Tensor:
        return self.images[index]


def _kid_settings(fakes: int, reals: int) -> dict[str, Any]:
    size = min(KID_SUBSET_SIZE, fakes, reals)
    # When a subset is all there is, a hundred of them are the same one in other orders.
    subsets = 1 if size == fakes == reals else KID_SUBSETS
    return {
        "kid_subsets": subsets,
        "kid_subset_size": size,
        "rng_seed": SEED,
        "verbose": False,
    }
