"""Feature extractors: torch-fidelity's registered ones, and the classifiers of ``classifier``.

All are registered with torch-fidelity, take uint8 images, and give the same features in its full
call as here.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import torch_fidelity
from torch import Tensor
from torch_fidelity.registry import FEATURE_EXTRACTORS_REGISTRY
from torch_fidelity.utils import create_feature_extractor

from bench.datasets.base import DataError, Samples
from bench.metrics import classifier
from bench.metrics.cache import checksum
from bench.metrics.pixels import to_bytes

CLASSIFIER = "classifier"
INCEPTION = "inception-v3-compat"
#: Images in a batch: of networks of ImageNet's size, and of the classifier.
BATCH, CLASSIFIER_BATCH = 64, 512


class Features(NamedTuple):
    """What an extractor sees in n images.

    Attributes:
        values: Features, shape ``[n, F]``; NaN for an image that is not finite.
        logits: Logits of the classes, shape ``[n, K]``; None where the extractor has none.
    """

    values: Tensor
    logits: Tensor | None = None

    def first(self, count: int) -> Features:
        """Return those of the first ``count`` images."""
        return Features(self.values[:count], None if self.logits is None else self.logits[:count])


# torch-fidelity has no annotations, so that its classes are Any to the type checker.
class ClassifierExtractor(torch_fidelity.FeatureExtractorBase):  # type: ignore[misc]
    """A classifier file as a torch-fidelity extractor of uint8 images ``[n, C, H, W]``.

    A classifier of single channels sees each channel for itself: the features are those of all
    channels, one after the other, and the logits those of the combinations of their classes.
    """

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
        self.stacked = classifier.describe(feature_extractor_weights_path).stacked

    @staticmethod
    def get_provided_features_list() -> tuple[str, ...]:
        """Name the features: those before the last layer, and those after it."""
        return ("penultimate", "logits")

    @staticmethod
    def get_default_feature_layer_for_metric(metric: str) -> str:
        """Name the features that a metric is computed from."""
        return "logits" if metric == "isc" else "penultimate"

    @staticmethod
    def can_be_compiled() -> bool:
        """Say that compilation is not worth its time."""
        return False

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Return features ``[n, 64]`` and logits ``[n, K]``, in the order asked for."""
        values, logits = self._stacks(images) if self.stacked else self.network.both(images)
        found = {"penultimate": values, "logits": logits}
        return tuple(found[name] for name in self.features_list)

    def _stacks(self, images: Tensor) -> tuple[Tensor, Tensor]:
        count, channels, *size = images.shape
        values, logits = self.network.both(images.reshape(count * channels, 1, *size))
        each = logits.reshape(count, channels, -1).log_softmax(dim=2)
        joint = each[:, 0]
        for channel in range(1, channels):
            joint = (joint[:, :, None] + each[:, channel, None, :]).flatten(1)
        return values.reshape(count, -1), joint


@dataclass(frozen=True)
class Extractor:
    """A feature extractor, ready for use.

    Attributes:
        name: Its name in protocols: ``<dataset>-classifier``, or as it is registered.
        registered: Its name in torch-fidelity's registry.
        weights: Path to its weights; None for those that torch-fidelity downloads.
        layer: The features that the metrics use.
        logits: The layer of class logits; None where there is none.
        hash: Changes with any weight.
        module: The network, on its device.
        device: Where it is.
        batch: Images in a batch.
        stacked: It classifies each channel for itself.
    """

    name: str
    registered: str
    weights: str | None
    layer: str
    logits: str | None
    hash: str
    module: torch_fidelity.FeatureExtractorBase
    device: torch.device
    batch: int
    stacked: bool = False


def make(
    names: Sequence[str],
    weights: Mapping[str, str | Path],
    classifier_file: str | Path | None,
    cuda: bool = False,
) -> list[Extractor]:
    """Return the extractors of an evaluation.

    Args:
        names: ``classifier``, or names in torch-fidelity's registry.
        weights: Local files by name; what is not there is downloaded by torch-fidelity.
        classifier_file: Needed for ``classifier``.
        cuda: Run on the GPU.

    Raises:
        DataError: An extractor is unknown, or its weights cannot be had.
    """
    found = []
    for name in names:
        if name != CLASSIFIER:
            found.append(registered(name, weights.get(name), cuda))
        elif classifier_file is not None:
            found.append(of_classifier(classifier_file, cuda))
        else:
            raise DataError("extractor 'classifier' needs a classifier file")
    return found


def of_classifier(path: str | Path, cuda: bool = False) -> Extractor:
    """Return the extractor of a file that :func:`classifier.cached` wrote.

    Raises:
        DataError: The file is missing, or no classifier.
    """
    description = classifier.describe(path)
    name = f"{description.dataset}-classifier"
    unique = f"{name}-{description.hash}"
    if unique not in FEATURE_EXTRACTORS_REGISTRY:
        torch_fidelity.register_feature_extractor(unique, ClassifierExtractor)
    return _created(name, unique, str(path), cuda, description.stacked)


def registered(name: str, weights: str | Path | None = None, cuda: bool = False) -> Extractor:
    """Return one of torch-fidelity's own extractors.

    Args:
        name: Its name there.
        weights: A local copy of the weights, which are downloaded otherwise: those of
            torch-fidelity for Inception, torchvision's for VGG, OpenAI's TorchScript file for
            CLIP. The library unpickles the file: use one you trust.
        cuda: Run on the GPU.

    Raises:
        DataError: There is no such extractor, or its weights cannot be had.
    """
    if name not in FEATURE_EXTRACTORS_REGISTRY:
        known = ", ".join([CLASSIFIER, *FEATURE_EXTRACTORS_REGISTRY])
        raise DataError(
            f"torch-fidelity {torch_fidelity.__version__} has no extractor {name!r}; "
            f"there are {known}"
        )
    if weights is not None and not Path(weights).is_file():
        raise DataError(f"the weights of {name}: file {weights} does not exist")
    return _created(name, name, None if weights is None else str(weights), cuda)


def extract(extractor: Extractor, images: Samples) -> Features:
    """Return what an extractor sees in images, on its device, in single precision.

    Args:
        extractor: What extracts. Networks of colour images see a one-channel image as a grey one.
        images: uint8, or floating and in [-1, 1], shape ``[n, C, H, W]``; may be mapped from disk.

    Raises:
        DataError: The extractor cannot see so many channels.
    """
    parts = []
    # Convolutions as exact as on the CPU, on whatever GPU, whoever calls.
    with torch.no_grad(), torch.backends.cudnn.flags(deterministic=True, allow_tf32=False):
        for start in range(0, len(images), extractor.batch):
            batch = np.array(images[start : start + extractor.batch])
            found = extractor.module(pixels(extractor, batch).to(extractor.device))
            if batch.dtype != np.uint8:
                finite = torch.from_numpy(np.isfinite(batch).all(axis=(1, 2, 3)))
                rows = finite.to(extractor.device)[:, None]
                found = tuple(layer.where(rows, torch.nan) for layer in found)
            parts.append(found)
    layers = [torch.cat(layer) for layer in zip(*parts, strict=True)]
    return Features(layers[0], layers[1] if extractor.logits is not None else None)


def pixels(extractor: Extractor, images: Samples) -> Tensor:
    """Return images as the extractor takes them, uint8 ``[n, C, H, W]``.

    Raises:
        DataError: It takes one or three channels, and the images have neither.
    """
    if images.dtype != np.uint8:
        # An image that is not finite has to be something; its features are not used.
        images = to_bytes(np.nan_to_num(images, nan=0.0, posinf=1.0, neginf=-1.0))
    seen = torch.from_numpy(np.ascontiguousarray(images))
    if issubclass(FEATURE_EXTRACTORS_REGISTRY[extractor.registered], ClassifierExtractor):
        return seen
    if seen.shape[1] not in (1, 3):
        raise DataError(f"{extractor.name} cannot see images of {seen.shape[1]} channels")
    return seen.expand(-1, 3, -1, -1)


def _created(
    name: str, unique: str, weights: str | None, cuda: bool, stacked: bool = False
) -> Extractor:
    kind = FEATURE_EXTRACTORS_REGISTRY[unique]
    layer = kind.get_default_feature_layer_for_metric("fid")
    classes = kind.get_default_feature_layer_for_metric("isc")
    # Other extractors name features without classes for the Inception score, which means nothing.
    logits = classes if classes.startswith("logits") else None
    layers = [layer, *([logits] if logits else [])]
    local = f"give the path of a local copy under evaluation.extractor_weights.{name}"
    try:
        module = create_feature_extractor(
            unique, layers, cuda=cuda, feature_extractor_weights_path=weights, verbose=False
        )
    except NotImplementedError:
        raise DataError(
            f"torch-fidelity {torch_fidelity.__version__} takes no file with the weights of "
            f"{name}; leave it out of evaluation.extractor_weights, and they are taken from "
            "torch.hub"
        ) from None
    except (OSError, RuntimeError, pickle.UnpicklingError, EOFError, KeyError) as error:
        problem = " ".join(str(error).split())[:200] or type(error).__name__
        if weights is None:
            message = f"the weights of {name} could not be downloaded ({problem}); {local}"
        else:
            message = f"{weights} does not hold the weights of {name}: {problem}"
        raise DataError(message) from None
    device = torch.device("cuda" if cuda else "cpu")
    batch = CLASSIFIER_BATCH if kind is ClassifierExtractor else BATCH
    digest = checksum(module.state_dict())
    return Extractor(name, unique, weights, layer, logits, digest, module, device, batch, stacked)
