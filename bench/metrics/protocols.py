"""What an evaluation is made of: sample counts, named measurements, and their random streams."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np

from bench.datasets.base import Samples
from bench.records import Measurement


@dataclass(frozen=True)
class EvaluationSettings:
    """Sample counts and the extractors of an evaluation.

    Attributes:
        mode_samples: Generated samples whose modes are counted.
        transport_samples: Points on each side of a transport distance; the generated ones are
            the first of those whose modes are counted.
        selection_samples: Points on each side of the transport distance that selects.
        image_samples: Images on each side; fewer where a split is smaller.
        stacked_samples: Stacks of digits whose classes are counted.
        reference: The split that images are compared with.
        neighbourhood: Neighbours that span the balls of precision and recall.
        extractors: ``classifier``, or names in torch-fidelity's registry; the first one ranks.
        extractor_weights: Local files of weights by extractor; others are downloaded.
    """

    mode_samples: int = 2500
    transport_samples: int = 1000
    selection_samples: int = 500
    image_samples: int = 300
    stacked_samples: int = 26_000
    reference: Literal["test", "train"] = "test"
    neighbourhood: int = 3
    extractors: Sequence[str] = ("classifier",)
    extractor_weights: Mapping[str, str | Path] = field(default_factory=dict)


@dataclass(frozen=True)
class Sides:
    """Samples to report on, and other samples to select by."""

    reported: Samples
    selecting: Samples


class Protocols(ABC):
    """The named protocols of one dataset, with their references.

    Attributes:
        reported: How many samples :meth:`report` takes.
        selecting: How many samples :meth:`select` takes.
    """

    reported: int
    selecting: int

    @abstractmethod
    def report(self, samples: Samples) -> list[Measurement]:
        """Measure samples by every metric under the protocols that are reported."""

    @abstractmethod
    def select(self, samples: Samples) -> Measurement:
        """Measure samples by the primary metric under the protocol that selects."""

    @abstractmethod
    def controls(self) -> dict[str, list[Sides]]:
        """Return the samples of the control rows by control variant, one entry a replicate."""


def named(protocol: str, values: dict[str, float]) -> list[Measurement]:
    """Return values by metric as measurements under one protocol."""
    return [Measurement(metric, protocol, value) for metric, value in values.items()]


def label(count: int) -> str:
    """Return a sample count as protocols have it: ``300``, ``10k``."""
    return f"{count // 1000}k" if count and count % 1000 == 0 else str(count)


def stream(*names: str) -> np.random.Generator:
    """Return the random stream that belongs to these names, the same everywhere."""
    digest = hashlib.sha256("/".join(("metrics", *names)).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:16], "little"))
