"""Protocols for images: feature metrics against a split, memorisation, modes of stacked digits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.datasets.base import DataError, Images, Samples
from bench.metrics import extractors, fidelity, frechet, neighbours
from bench.metrics.cache import Cache
from bench.metrics.extractors import CLASSIFIER, Extractor, Features, extract
from bench.metrics.pixels import to_unit
from bench.metrics.protocols import EvaluationSettings, Protocols, Sides, label, named, stream
from bench.metrics.references import NEIGHBOURS, References, drawn
from bench.metrics.stacked import NOTHING, stacked_metrics
from bench.records import COPIED, DROPPED, NOISY, PRIMARY, REAL, SELECTION, Measurement

#: Generated images whose nearest training images are looked for, at most.
MEMORISED = 2000
#: Standard deviation of the noise of a control, where images are in [-1, 1].
NOISE = 0.5


class ImageProtocols(Protocols):
    """Measures images.

    For each extractor (``<dataset>-classifier``, or its name in torch-fidelity), with N images on
    each side, N printed as 10k where it is 10,000:

    - ``<extractor>-N-test``, or ``-train``: the metrics of :func:`fidelity.image_metrics` against
      images drawn from that split.
    - ``memorisation-<extractor>-N-train``: those of :func:`neighbours.memorisation`, of the first
      N generated images (2,000 at most), against the whole training split.

    Of stacked digits, ``stacked-pacgan-N``: the metrics of :func:`stacked_metrics` of N generated
    stacks, whose channels the classifier reads one by one. That is PacGAN's protocol where N is
    26,000. R3GAN's, as far as it is published, is the same. A misread digit is a mode that is not
    there: the control of real data with modes removed shows how many.

    ``selection-<extractor>-N-validation`` is ``fid`` through the first extractor, of other
    generated images, against the validation split.

    Args:
        images: The dataset.
        settings: Sample counts, extractors and reference.
        classifier: The classifier file, where the extractors need it.
        cache: Keeps what is computed of real images.
        cuda: Extract on the GPU.

    Raises:
        DataError: An extractor cannot be had, or there are too few real images.
    """

    def __init__(
        self,
        images: Images,
        settings: EvaluationSettings,
        classifier: Path | None,
        cache: Cache,
        cuda: bool,
    ) -> None:
        self._images, self._settings = images, settings
        needed = max(NEIGHBOURS, settings.neighbourhood) + 1
        for split in ("validation", settings.reference):
            if len(images.pixels[split]) < needed:
                raise DataError(
                    f"dataset {images.name!r} has {len(images.pixels[split])} images in its "
                    f"{split} split; its metrics need at least {needed}"
                )
        made = extractors.make(settings.extractors, settings.extractor_weights, classifier, cuda)
        self._references = [References(images, extractor, cache) for extractor in made]
        self._count = min(settings.image_samples, len(images.pixels[settings.reference]))
        self.selecting = min(settings.image_samples, len(images.pixels["validation"]))
        self._stacked = images.stacked and CLASSIFIER in settings.extractors
        self.reported = max(self._count, settings.stacked_samples) if self._stacked else self._count

    @property
    def extractors(self) -> list[Extractor]:
        """The extractors; the first one ranks."""
        return [references.extractor for references in self._references]

    def prepare(self) -> None:
        """Compute what is needed of real images, so that it is in the cache."""
        for references in self._references:
            references.real(self._settings.reference, self._count)
            references.neighbourhood()
        self._references[0].real("validation", self.selecting)

    def report(self, samples: Samples) -> list[Measurement]:
        """Measure images ``[n, C, H, W]``.

        Protocols name how many they are of, which is less than usual where n is less than
        ``reported``.
        """
        rows = []
        for references in self._references:
            counts = self._stacked and references.extractor.stacked
            fake = extract(references.extractor, samples if counts else samples[: self._count])
            rows += self._compare(fake.first(self._count), references)
            if counts:
                rows += self._modes(fake)
        return rows

    def select(self, samples: Samples) -> Measurement:
        """Measure images by ``fid`` against the validation split."""
        references = self._references[0]
        fake = extract(references.extractor, samples)
        real = references.real("validation", len(samples))
        name = f"{SELECTION}-{references.extractor.name}-{label(len(samples))}-validation"
        value = frechet.frechet_distance_of(fake.values, real.frechet)
        return Measurement(PRIMARY["images"], name, value)

    def controls(self) -> dict[str, list[Sides]]:
        """Return known images in the generator's place.

        Held-out images stand against the other split, never against themselves. Those of half the
        classes are filled up with training images: FID depends on the count, and repeated images
        would count as collapse. The noise is Gaussian, of standard deviation 0.5 on images in
        [-1, 1], which are clipped again.
        """
        images, train = self._images, ["train"]
        held_out = ["validation"] if self._settings.reference == "test" else ["validation", "test"]
        # Only the classes are looked at of more stacks than are compared.
        more = train if self._stacked else []
        real = Sides(
            self._draw(REAL, [*held_out, *more], self.reported),
            self._draw(REAL, ["test"], self.selecting),
        )
        copied = self._draw(COPIED, train, self.reported + self.selecting)
        split = min(self.reported, max(len(copied) - self.selecting, len(copied) // 2))
        found = {
            REAL: [real],
            NOISY: [Sides(self._noisy(real.reported), self._noisy(real.selecting))],
            COPIED: [Sides(copied[:split], copied[split:])],
        }
        if images.classes > 1:
            dropped = Sides(
                self._draw(DROPPED, ["validation", *train], self.reported, half=True),
                self._draw(DROPPED, ["test", *train], self.selecting, half=True),
            )
            found[DROPPED] = [dropped]
        return found

    def _compare(self, fake: Features, references: References) -> list[Measurement]:
        settings, name = self._settings, references.extractor.name
        count = len(fake.values)
        real = references.real(settings.reference, count)
        metrics = fidelity.image_metrics(fake, real, settings.neighbourhood)
        rows = named(f"{name}-{label(count)}-{settings.reference}", metrics)
        near = fake.values[:MEMORISED]
        copies = neighbours.memorisation(near, references.neighbourhood())
        return rows + named(f"memorisation-{name}-{label(len(near))}-train", copies)

    def _modes(self, fake: Features) -> list[Measurement]:
        protocol = f"stacked-pacgan-{label(len(fake.values))}"
        if fake.logits is None:
            return []
        digits = fake.logits.argmax(dim=1).where(fake.logits.isfinite().all(dim=1), NOTHING)
        return named(protocol, stacked_metrics(digits.cpu().numpy()))

    def _draw(self, name: str, splits: list[str], count: int, half: bool = False) -> Samples:
        """Return ``count`` images, or all, of the first split and then of the next ones."""
        parts: list[Samples] = []
        for split in splits:
            images = self._images.pixels[split]
            members = self._order(name, split)
            if half:
                kept = (self._images.classes + 1) // 2
                members = members[self._images.labels[split][members] < kept]
            parts.append(images[members[: count - sum(map(len, parts))]])
        return np.concatenate(parts)

    def _order(self, name: str, split: str) -> NDArray[np.int64]:
        length = len(self._images.pixels[split])
        if name == REAL:
            return drawn(self._images, split, length)
        return stream(self._images.name, name, split).permutation(length)

    def _noisy(self, images: Samples) -> Samples:
        noise = stream(self._images.name, NOISY).normal(scale=NOISE, size=images.shape)
        noisy: Samples = np.clip(to_unit(images) + noise, -1, 1).astype(np.float32)
        return noisy
