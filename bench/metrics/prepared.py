"""What the evaluation of a dataset of images needs, prepared once ahead of all training.

A JSON file names the classifier, a copy beside it, and the cache of real features.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from bench.datasets.base import DataError, Images
from bench.files import whole, write_json
from bench.metrics import classifier
from bench.metrics.cache import Cache
from bench.metrics.extractors import CLASSIFIER
from bench.metrics.image_protocols import ImageProtocols
from bench.metrics.protocols import EvaluationSettings


def prepare(
    images: Images, settings: EvaluationSettings, folder: Path, output: Path, cuda: bool = False
) -> None:
    """Train the classifier, compute real features and statistics, and write what there is.

    Args:
        images: The dataset.
        settings: Of its evaluation.
        folder: The cache, which studies share.
        output: The JSON file to write: ``cache``, ``classifier`` (a file beside it, or null) and
            ``extractors``, the first of which ranks: ``name``, ``hash`` of the weights, and
            ``accuracy`` of the classifier, null for others.
        cuda: Extract on the GPU.

    Raises:
        DataError: An extractor cannot be had, or does not fit the images.
    """
    copy, accuracy = None, None
    if CLASSIFIER in settings.extractors:
        trained = classifier.cached(images, folder)
        accuracy = classifier.describe(trained).accuracy
        copy = output.with_suffix(trained.suffix)
        with whole(copy) as temporary:
            shutil.copyfile(trained, temporary)
    protocols = ImageProtocols(images, settings, copy, Cache(folder), cuda)
    protocols.prepare()
    found = [
        {
            "name": extractor.name,
            "hash": extractor.hash,
            "accuracy": accuracy if name == CLASSIFIER else None,
        }
        for name, extractor in zip(settings.extractors, protocols.extractors, strict=True)
    ]
    name = None if copy is None else copy.name
    write_json(output, {"cache": str(folder), "classifier": name, "extractors": found})


def located(path: str | Path | None) -> tuple[Path | None, Cache]:
    """Return the classifier file and the cache of what :func:`prepare` wrote.

    Args:
        path: That file; or a classifier file itself, or nothing, and then nothing is cached.

    Raises:
        DataError: The file is missing, or not what :func:`prepare` wrote.
    """
    if path is None or Path(path).suffix != ".json":
        return (None if path is None else Path(path)), Cache()
    path = Path(path)
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
        name, cache = about["classifier"], Cache(Path(about["cache"]))
    except (OSError, ValueError, KeyError, TypeError):
        raise DataError(f"{path} is missing or damaged; `bench features` writes it") from None
    return (None if name is None else path.with_name(name)), cache
