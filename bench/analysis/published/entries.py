"""Published numbers: what was trained, on what, how it was measured, and with which error."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml

#: What a published ± is. One of unknown kind is taken for a standard error.
STANDARD_ERROR, STANDARD_DEVIATION = "standard error", "standard deviation"
UNKNOWN, NONE = "unknown", "none"
ERRORS = (STANDARD_ERROR, STANDARD_DEVIATION, UNKNOWN, NONE)


@dataclass(frozen=True)
class Spelling:
    """One way in which a study may write down a published method.

    Attributes:
        objective: The objective's name.
        hyperparameters: Those that must have these values; all others are free.
        techniques: Settings by technique: exactly these techniques, other settings free.
    """

    objective: str
    hyperparameters: Mapping[str, Any]
    techniques: Mapping[str, Mapping[str, Any]]

    def describes(self, variant: Mapping[str, Any]) -> bool:
        """Return whether a variant of a manifest is this method."""
        techniques = variant.get("techniques") or {}
        return (
            variant["objective"] == self.objective
            and _holds(self.hyperparameters, variant["hyperparameters"])
            and set(techniques) == set(self.techniques)
            and all(
                _holds(wanted, techniques[name]["settings"])
                for name, wanted in self.techniques.items()
            )
        )


@dataclass(frozen=True)
class Entry:
    """One published number.

    Attributes:
        source: The paper's short name.
        provenance: Where in which publication the number stands.
        dataset: Name of the dataset here.
        architecture: Name of the architecture here.
        method: The method's name there.
        spellings: The ways to write it down here.
        metric: Name of the metric here.
        protocol: Pattern of the protocols here that measure the same.
        measured: How it was measured there.
        value: The number, in the unit that the metric has here.
        error: Its ±, NaN without one.
        kind: What ± is, one of :data:`ERRORS`.
        n: Runs behind it, NaN where unknown.
        steps: Generator steps, NaN where unknown.
        budget: The budget in the paper's words, or empty.
        selection: What the number was chosen from, or empty.
    """

    source: str
    provenance: str
    dataset: str
    architecture: str
    method: str
    spellings: tuple[Spelling, ...]
    metric: str
    protocol: str
    measured: str
    value: float
    error: float
    kind: str
    n: float
    steps: float
    budget: str
    selection: str

    def __post_init__(self) -> None:
        """Raise ValueError if the error is of no known kind, or none where there must be one."""
        if self.kind not in ERRORS or (self.kind == NONE) != math.isnan(self.error):
            raise ValueError(f"{self.source}, {self.method}: error {self.kind!r}, ± {self.error}")

    @property
    def standard_error(self) -> float:
        """Standard error of the value; 0 where none is published.

        A standard deviation over an unknown number of runs counts as the standard error of one
        run, which is more than that of their mean.
        """
        if self.kind == NONE:
            return 0.0
        known = self.kind == STANDARD_DEVIATION and self.n >= 1
        return self.error / math.sqrt(self.n) if known else self.error

    def measures(self, metric: str, protocol: str) -> bool:
        """Return whether a metric under a protocol here is what was published."""
        return metric == self.metric and fnmatchcase(protocol, self.protocol)


def load(folder: str | Path | None = None) -> list[Entry]:
    """Return all entries of the YAML files in a folder, by default those beside this module."""
    files = sorted(Path(folder or Path(__file__).parent).glob("*.yaml"))
    documents = (yaml.safe_load(path.read_text(encoding="utf-8")) for path in files)
    return [entry for document in documents for entry in _entries(document)]


def _entries(document: Mapping[str, Any]) -> Iterator[Entry]:
    spellings = {name: _spellings(every) for name, every in document["methods"].items()}
    for table in document["tables"]:
        for method, values in table["values"].items():
            for metric, published in values.items():
                about = table["metrics"][metric]
                value, error = published if isinstance(published, list) else (published, math.nan)
                yield Entry(
                    source=document["source"],
                    provenance=document["provenance"],
                    dataset=table["dataset"],
                    architecture=table["architecture"],
                    method=method,
                    spellings=spellings[method],
                    metric=metric,
                    protocol=about["protocol"],
                    measured=table["measured"],
                    value=float(value) * about.get("scale", 1.0),
                    error=float(error) * about.get("scale", 1.0),
                    kind=table["error"],
                    n=float(table.get("n", math.nan)),
                    steps=float(table.get("steps", math.nan)),
                    budget=table.get("budget", ""),
                    selection=table.get("selection", ""),
                )


def _spellings(every: Sequence[Mapping[str, Any]]) -> tuple[Spelling, ...]:
    return tuple(
        Spelling(one["objective"], one.get("hyperparameters", {}), one.get("techniques", {}))
        for one in every
    )


def _holds(wanted: Mapping[str, Any], settings: Mapping[str, Any]) -> bool:
    return all(name in settings and settings[name] == value for name, value in wanted.items())
