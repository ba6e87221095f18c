"""What a study expands into: cells, the variants in them, and what is left out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench import architectures, datasets
from bench.plugins import Part

#: Settings of the training that change no result.
_IDLE = ("checkpoint_seconds", "data", "workers")


@dataclass(frozen=True)
class Cell:
    """One (dataset, architecture, variant) with everything that determines its results.

    Attributes:
        objective: The objective's name.
        sources: The files of the objective and of each technique.
        hyperparameters: The objective's hyper-parameters where they differ from its defaults.
        techniques: The techniques that it is combined with, by name, with their settings.
        recipe: Optimisers, step ratio and updates that this variant has for itself.
        data: The dataset's source.
        networks: The architecture's family.
        shared: Optimisers and step ratio for all objectives, or None for each paper's own.
        training: Budget, batches, snapshots and readings.
        evaluation: Sample counts and feature extractor.
    """

    dataset: str
    architecture: str
    variant: str
    objective: str
    sources: Mapping[str, str]
    hyperparameters: Mapping[str, Any]
    techniques: Mapping[str, Mapping[str, Any]]
    recipe: Mapping[str, Any]
    data: Part
    networks: Part
    shared: Mapping[str, Any] | None
    training: Mapping[str, Any]
    evaluation: Mapping[str, Any]

    @property
    def path(self) -> str:
        """The cell's folder below a study's ``runs/``."""
        return f"{self.dataset}/{self.architecture}/{self.variant}"

    @property
    def files(self) -> list[Path]:
        """The files whose change makes the cell's results out of date."""
        return [
            *map(Path, self.sources.values()),
            *datasets.REGISTRY.files(self.data),
            *architectures.REGISTRY.files(self.networks),
        ]

    def settings(self) -> str:
        """Return what determines the results as canonical JSON, without its :attr:`files`."""
        content = asdict(self)
        del content["sources"], content["data"]["file"], content["networks"]["file"]
        # Their order is part of what they do.
        content["techniques"] = list(self.techniques.items())
        content["training"] = {
            key: value for key, value in self.training.items() if key not in _IDLE
        }
        return json.dumps(content, sort_keys=True)


@dataclass(frozen=True)
class LeftOut:
    """A combination that is not trained, and why."""

    dataset: str
    architecture: str
    variant: str
    reason: str


@dataclass(frozen=True)
class Variant:
    """An objective with chosen hyper-parameters, techniques and recipe; see :class:`Cell`."""

    objective: str
    techniques: Mapping[str, Mapping[str, Any]]
    recipe: Mapping[str, Any]
    hyperparameters: Mapping[str, Any]
