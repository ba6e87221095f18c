"""Protocols for images: feature metrics against the test split, selection on validation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.datasets.base import Images, Samples
from bench.metrics import fidelity
from bench.metrics.protocols import EvaluationSettings, Protocols, Sides, named, stream
from bench.records import DROPPED, PRIMARY, REAL, SELECTION, Measurement


class ImageProtocols(Protocols):
    """Measures images.

    Reported is ``<extractor>-test-N`` (``fid``, ``kid``, ``precision``, ``recall``), with the
    extractor ``<dataset>-classifier`` or ``inception-v3-compat`` and N images on each side;
    ``selection-<extractor>-validation-N`` is ``fid`` against the validation split.
    """

    def __init__(
        self,
        images: Images,
        settings: EvaluationSettings,
        extractor_path: str | Path | None,
        cuda: bool,
    ) -> None:
        if settings.extractor == fidelity.INCEPTION:
            name: str = settings.extractor
            self._extractor = fidelity.extractor(name, settings.extractor_weights, cuda)
        elif extractor_path is not None:
            name = f"{images.name}-classifier"
            self._extractor = fidelity.extractor(extractor_path, cuda=cuda)
        else:
            raise ValueError(
                f"extractor 'classifier' for dataset {images.name!r} needs a classifier file"
            )
        held_out = [len(images.pixels[split]) for split in ("test", "validation")]
        count = min(settings.image_samples, *held_out)
        self.reported = self.selecting = count
        self._images = images
        self._neighbourhood = settings.neighbourhood
        self._protocol = f"{name}-test-{count}"
        self._selection = f"{SELECTION}-{name}-validation-{count}"
        # A draw, since a split may be stored class by class.
        self._test = stream(images.name, "test").permutation(images.pixels["test"])[:count]
        chosen = stream(images.name, "validation").permutation(images.pixels["validation"])
        self._validation = chosen[:count]
        self._test_features = fidelity.features(self._extractor, self._test)
        self._validation_features = fidelity.features(self._extractor, self._validation)

    def report(self, samples: Samples) -> list[Measurement]:
        """Measure ``[reported, C, H, W]`` images against the test split."""
        fake = fidelity.features(self._extractor, samples)
        metrics = fidelity.image_metrics(fake, self._test_features, self._neighbourhood)
        return named(self._protocol, metrics)

    def select(self, samples: Samples) -> Measurement:
        """Measure ``[selecting, C, H, W]`` images by ``fid`` against the validation split."""
        fake = fidelity.features(self._extractor, samples)
        value = fidelity.frechet_distance(fake, self._validation_features)
        return Measurement(PRIMARY["images"], self._selection, value)

    def controls(self) -> dict[str, list[Sides]]:
        """Return held-out images in the generator's place, and images of half the classes.

        Each held-out split stands against the other one, never against itself.

        Raises:
            ValueError: Half the classes have fewer images than a protocol takes.
        """
        images = self._images
        dropped = Sides(
            self._half_of_classes(images.pixels["validation"], images.labels["validation"]),
            self._half_of_classes(images.pixels["test"], images.labels["test"]),
        )
        return {REAL: [Sides(self._validation, self._test)], DROPPED: [dropped]}

    def _half_of_classes(self, split: Samples, labels: NDArray[np.int64]) -> Samples:
        images = self._images
        classes = np.unique(images.labels["train"])
        kept = classes[: (len(classes) + 1) // 2]
        # Half the classes have about half a split's images, yet FID depends on the count, and
        # repeated images would count as collapse. Training images of these classes fill up.
        held_out, seen = (
            split[np.isin(labels, kept)],
            images.pixels["train"][np.isin(images.labels["train"], kept)],
        )
        rng = stream(images.name, DROPPED)
        pool = np.concatenate([rng.permutation(held_out), rng.permutation(seen)])
        if len(pool) < self.reported:
            raise ValueError(
                f"dataset {images.name!r} has {len(pool)} images of half its classes; "
                f"the control needs {self.reported}: lower image_samples"
            )
        return pool[: self.reported]
