"""Image metrics through torch-fidelity: extractors, features, and FID, KID, precision, recall.

One code path serves torch-fidelity's Inception and the classifiers of ``classifier``: both are
registered extractors that take uint8 images and a path to their weights. For the snapshots of a
run, features are extracted once and handed to the library's feature-level functions; one full
``calculate_metrics`` call (:func:`full_metrics`) gives the same numbers at a second a call.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError

import numpy as np
import torch
import torch_fidelity
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset
from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric
from torch_fidelity.metric_kid import kid_features_to_metric
from torch_fidelity.metric_prc import prc_features_to_metric
from torch_fidelity.registry import FEATURE_EXTRACTORS_REGISTRY
from torch_fidelity.utils import create_feature_extractor

from bench.metrics import classifier
from bench.metrics.pixels import to_bytes

INCEPTION = "inception-v3-compat"

BATCH = 64
KID_SUBSETS, KID_SUBSET_SIZE = 100, 1000
SEED = 2020


# torch-fidelity has no annotations, so that its classes are Any to the type checker.
class ClassifierExtractor(torch_fidelity.FeatureExtractorBase):  # type: ignore[misc]
    """A classifier file as a torch-fidelity extractor of uint8 images ``[n, C, H, W]``."""

    def __init__(
        self,
        name: str,
        features_list: Sequence[str],
        feature_extractor_weights_path: str,
        # The library passes everything that its caller was given.
        **_: object,
    ) -> None:
        super().__init__(name, features_list)
        self.network = classifier.load(feature_extractor_weights_path)

    @staticmethod
    def get_provided_features_list() -> tuple[str, ...]:
        """Name the features: those before the last layer."""
        return ("penultimate",)

    @staticmethod
    def get_default_feature_layer_for_metric(metric: str) -> str:
        """Name the features that a metric is computed from."""
        return "penultimate"

    @staticmethod
    def can_be_compiled() -> bool:
        """Say that compilation is not worth its time."""
        return False

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Return the features, shape ``[n, 64]``, of uint8 images ``[n, C, H, W]``."""
        return (self.network.features(images),)


@dataclass(frozen=True)
class Extractor:
    """A feature extractor, ready for use.

    Attributes:
        name: Its name in torch-fidelity's registry.
        weights: Path to its weights; None for those that torch-fidelity downloads.
        layer: The features that the metrics use.
        module: The network, on its device.
        cuda: Whether that is a GPU.
    """

    name: str
    weights: str | None
    layer: str
    module: torch_fidelity.FeatureExtractorBase
    cuda: bool


def extractor(
    name_or_path: str | Path, weights: str | Path | None = None, cuda: bool = False
) -> Extractor:
    """Return the extractor ``inception-v3-compat``, or that of a classifier file.

    Args:
        name_or_path: ``inception-v3-compat``, or a file that :func:`classifier.cached` wrote.
        weights: For Inception, a local copy of torch-fidelity's weights, which are downloaded
            otherwise. The library unpickles that file: use one you trust.
        cuda: Run on the GPU.

    Raises:
        FileNotFoundError: A given file is missing, or the download failed.
        ValueError: The file is no classifier.
    """
    if name_or_path == INCEPTION:
        name = INCEPTION
        path = None if weights is None else _existing(weights)
    else:
        path = _existing(name_or_path)
        description = classifier.describe(path)
        name = f"{description.dataset}-classifier-{description.hash}"
        if name not in FEATURE_EXTRACTORS_REGISTRY:
            torch_fidelity.register_feature_extractor(name, ClassifierExtractor)
    layer = FEATURE_EXTRACTORS_REGISTRY[name].get_default_feature_layer_for_metric("fid")
    try:
        module = create_feature_extractor(
            name, [layer], cuda=cuda, feature_extractor_weights_path=path, verbose=False
        )
    except URLError as error:
        raise FileNotFoundError(
            f"the weights of {name} could not be downloaded ({error.reason}); "
            "give the path of a local copy"
        ) from error
    return Extractor(name, path, layer, module, cuda)


def features(extractor: Extractor, images: NDArray[np.floating]) -> Tensor:
    """Return the features of images, shape ``[n, F]``, float32 on the CPU.

    Args:
        extractor: What extracts them. Inception sees a one-channel image as a grey one.
        images: Images in [-1, 1], shape ``[n, C, H, W]``. The features of an image that is not
            finite are NaN.
    """
    device = "cuda" if extractor.cuda else "cpu"
    finite = torch.from_numpy(np.isfinite(images).all(axis=(1, 2, 3)))
    pixels = _pixels(extractor, np.nan_to_num(images))
    with torch.no_grad():
        batches = [
            extractor.module(batch.to(device))[0].cpu() for batch in torch.split(pixels, BATCH)
        ]
    return torch.cat(batches).where(finite[:, None], torch.nan)


def frechet_distance(fake: Tensor, real: Tensor) -> float:
    """Return the Fréchet distance between Gaussians fitted to features (Heusel et al. 2017).

    Args:
        fake: Features of generated images, shape ``[n, F]``.
        real: Features of real images, shape ``[m, F]``.

    Returns:
        FID, at least zero up to rounding; infinite if a feature is not finite.
    """
    if not (fake.isfinite().all() and real.isfinite().all()):
        return float("inf")
    # In double precision: the library keeps means in the precision of the features.
    fake, real = fake.double(), real.double()
    if len(fake) + len(real) < fake.shape[1]:
        # Neither Gaussian leaves the span of the samples. Within it nothing changes but the size
        # of the eigenvalue problem: 0.2 s instead of 3 s for 300 images and 2,048 features.
        shift = real.mean(dim=0)
        basis = torch.linalg.qr((torch.cat([fake, real]) - shift).T).Q
        fake, real = (fake - shift) @ basis, (real - shift) @ basis
    statistics = [fid_features_to_statistics(side) for side in (fake, real)]
    metric = fid_statistics_to_metric(*statistics, verbose=False)
    return float(metric[torch_fidelity.KEY_METRIC_FID])


def image_metrics(fake: Tensor, real: Tensor, neighbourhood: int = 3) -> dict[str, float]:
    """Compare features of generated images with features of real ones.

    KID is the mean over 100 subsets of 1,000 (Bińkowski et al. 2018), or of as many as the
    smaller side has; precision and recall use balls to the k-th neighbour (Kynkäänniemi et al.
    2019).

    Args:
        fake: Features of generated images, shape ``[n, F]``.
        real: Features of real images, shape ``[m, F]``.
        neighbourhood: k; both sides must have more features than that.

    Returns:
        ``fid``, ``kid``, ``precision`` and ``recall``. If a feature is not finite, the first two
        are infinite and the others zero.
    """
    if not (fake.isfinite().all() and real.isfinite().all()):
        return _worst()
    fake, real = fake.double(), real.double()
    kid = kid_features_to_metric(fake, real, **_kid_settings(len(fake), len(real)))
    balls = prc_features_to_metric(
        fake, real, prc_neighborhood=neighbourhood, save_cpu_ram=True, verbose=False
    )
    return {"fid": frechet_distance(fake, real), **_renamed(kid | balls)}


def full_metrics(
    extractor: Extractor,
    fake: NDArray[np.floating],
    real: NDArray[np.floating],
    neighbourhood: int = 3,
) -> dict[str, float]:
    """Compare generated images with real ones by one ``torch_fidelity.calculate_metrics`` call.

    Nothing is cached: the library caches under a name, whatever the data behind it.

    Args:
        extractor: What extracts the features.
        fake: Generated images in [-1, 1], shape ``[n, C, H, W]``.
        real: Real images, shape ``[m, C, H, W]``.
        neighbourhood: As in :func:`image_metrics`.

    Returns:
        What :func:`image_metrics` returns, from features in single precision.
    """
    if not (np.isfinite(fake).all() and np.isfinite(real).all()):
        return _worst()
    metrics = torch_fidelity.calculate_metrics(
        input1=_InMemory(_pixels(extractor, fake)),
        input2=_InMemory(_pixels(extractor, real)),
        feature_extractor=extractor.name,
        feature_extractor_weights_path=extractor.weights,
        fid=True,
        kid=True,
        prc=True,
        prc_neighborhood=neighbourhood,
        cuda=extractor.cuda,
        batch_size=BATCH,
        cache=False,
        # Without this the library starts several data-loader processes.
        save_cpu_ram=True,
        **_kid_settings(len(fake), len(real)),
    )
    return _renamed(metrics)


class _InMemory(Dataset[Tensor]):
    """Images as torch-fidelity wants them: bare tensors, not tuples of one."""

    def __init__(self, pixels: Tensor) -> None:
        self.pixels = pixels

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, index: int) -> Tensor:
        return self.pixels[index]


def _existing(path: str | Path) -> str:
    if not Path(path).is_file():
        raise FileNotFoundError(f"feature extractor file {path} does not exist")
    return str(path)


def _pixels(extractor: Extractor, images: NDArray[np.floating]) -> Tensor:
    pixels = torch.from_numpy(np.array(images) if images.dtype == np.uint8 else to_bytes(images))
    if extractor.name == INCEPTION and pixels.shape[1] == 1:
        return pixels.expand(-1, 3, -1, -1)
    return pixels


def _kid_settings(fakes: int, reals: int) -> dict[str, object]:
    size = min(KID_SUBSET_SIZE, fakes, reals)
    # When a subset is all there is, a hundred of them are the same one in other orders.
    subsets = 1 if size == fakes == reals else KID_SUBSETS
    return {
        "kid_subsets": subsets,
        "kid_subset_size": size,
        "rng_seed": SEED,
        "verbose": False,
    }


def _renamed(metrics: dict[str, float]) -> dict[str, float]:
    names = {
        "fid": torch_fidelity.KEY_METRIC_FID,
        "kid": torch_fidelity.KEY_METRIC_KID_MEAN,
        "precision": torch_fidelity.KEY_METRIC_PRECISION,
        "recall": torch_fidelity.KEY_METRIC_RECALL,
    }
    return {name: metrics[key] for name, key in names.items() if key in metrics}


def _worst() -> dict[str, float]:
    return {"fid": float("inf"), "kid": float("inf"), "precision": 0.0, "recall": 0.0}
