"""Measures samples against a dataset under its named protocols.

A protocol's name holds its sample counts and its extractor, so that numbers of two protocols are
never taken for one another. Protocols that begin with ``selection`` choose the best snapshot:
other generated samples, another reference, never reported.
"""

from __future__ import annotations

from pathlib import Path

from bench.datasets.base import Dataset, Mixture, Samples
from bench.metrics.mixture_protocols import MixtureProtocols
from bench.metrics.protocols import EvaluationSettings, Protocols, Sides
from bench.records import Measurement

__all__ = ["EvaluationSettings", "Evaluator"]


class Evaluator:
    """Measures samples against one dataset; references and their features are computed once.

    Args:
        dataset: What the samples should look like.
        settings: How many samples, which extractors.
        extractor_path: For images, what ``bench features`` wrote; or a classifier file, if any is
            needed, and then nothing is cached.
        cuda: Extract image features on the GPU.
    """

    def __init__(
        self,
        dataset: Dataset,
        settings: EvaluationSettings,
        extractor_path: str | Path | None = None,
        cuda: bool = False,
    ) -> None:
        self._protocols: Protocols
        if isinstance(dataset, Mixture):
            self._protocols = MixtureProtocols(dataset, settings)
        else:
            # Importing torch-fidelity takes seconds, and mixtures do without.
            from bench.metrics import prepared
            from bench.metrics.image_protocols import ImageProtocols

            classifier, cache = prepared.located(extractor_path)
            self._protocols = ImageProtocols(dataset, settings, classifier, cache, cuda)

    @property
    def samples_needed(self) -> int:
        """How many samples :meth:`evaluate` takes."""
        return self._protocols.reported + self._protocols.selecting

    def evaluate(self, samples: Samples) -> list[Measurement]:
        """Measure samples; those that select are not among those that are reported.

        Args:
            samples: At least :attr:`samples_needed` samples in the dataset's shape; any more are
                left out, so that the counts are those in the protocols' names.

        Raises:
            ValueError: There are too few samples.
        """
        if len(samples) < self.samples_needed:
            raise ValueError(f"evaluation needs {self.samples_needed} samples, not {len(samples)}")
        reported = self._protocols.reported
        return self._measure(Sides(samples[:reported], samples[reported : self.samples_needed]))

    def controls(self) -> dict[str, list[list[Measurement]]]:
        """Measure known samples: real data that training never saw, real data with modes removed.

        Returns:
            For each replicate, measurements as :meth:`evaluate` gives them, by control variant
            (:data:`bench.records.REAL` and others).
        """
        sides = self._protocols.controls()
        return {variant: list(map(self._measure, draws)) for variant, draws in sides.items()}

    def _measure(self, samples: Sides) -> list[Measurement]:
        reported = self._protocols.report(samples.reported)
        return [*reported, self._protocols.select(samples.selecting)]
