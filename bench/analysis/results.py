"""What a study left behind: its rows, its manifest, and the worst value of each metric."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bench import records

#: What names a run, and what names a cell.
RUN = ["dataset", "architecture", "variant", "objective", "seed"]
CELL = ["dataset", "architecture", "variant"]

#: Readings of the loss; all other protocols measure samples.
READINGS = (records.ONLINE, records.REFRESHED)

#: The tables of a calibration, each a file ``calibration/<name>.parquet``.
CALIBRATION = ("estimates", "outputs", "pulls")


@dataclass(frozen=True)
class Results:
    """A study's rows (columns :data:`bench.records.COLUMNS`) and its manifest.

    ``calibration`` holds the tables of a study's calibration by name (:data:`CALIBRATION`); those
    that are not there are left out.
    """

    table: pd.DataFrame
    manifest: Mapping[str, Any]
    calibration: Mapping[str, pd.DataFrame] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: str | Path) -> Results:
        """Read ``metrics.parquet``, ``manifest.json`` and ``calibration/`` of ``results/<study>/``.

        Raises:
            FileNotFoundError: One of the first two is missing.
        """
        folder = Path(folder)
        for name in ("metrics.parquet", "manifest.json"):
            if not (folder / name).is_file():
                raise FileNotFoundError(
                    f"{folder} has no {name}: run the study first, so that its results are there"
                )
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        files = {name: folder / "calibration" / f"{name}.parquet" for name in CALIBRATION}
        calibration = {
            name: pd.read_parquet(path) for name, path in files.items() if path.is_file()
        }
        return cls(records.read(folder / "metrics.parquet"), manifest, calibration)

    @property
    def trains(self) -> bool:
        """Whether the study trains generators, and not discriminators alone."""
        return bool(self.manifest["datasets"])

    @property
    def calibrates(self) -> bool:
        """Whether the study has a calibration."""
        settings = self.manifest.get("settings", {})
        return bool(self.calibration) or settings.get("calibration") is not None

    @cached_property
    def primary(self) -> dict[str, str]:
        """The metric that ranks variants, by dataset; a kind that is not known has none."""
        kinds = {name: dataset["kind"] for name, dataset in self.manifest["datasets"].items()}
        return {
            name: records.PRIMARY[kind] for name, kind in kinds.items() if kind in records.PRIMARY
        }

    @cached_property
    def training(self) -> pd.DataFrame:
        """Rows of training runs."""
        return self.table[self.table["objective"] != records.CONTROL]

    @cached_property
    def reported(self) -> pd.DataFrame:
        """Rows that measure samples under a protocol that is reported, controls included."""
        return self.table[_measures_samples(self.table) & ~_selects(self.table)]

    @cached_property
    def selecting(self) -> pd.DataFrame:
        """Rows that choose the best snapshot."""
        return self.training[_selects(self.training)]

    @cached_property
    def readings(self) -> pd.DataFrame:
        """Rows that read the loss of a training run."""
        chosen = self.training["protocol"].isin(READINGS) & (self.training["status"] == records.OK)
        return self.training[chosen]

    @cached_property
    def runs(self) -> pd.DataFrame:
        """One row a run that has rows: :data:`RUN` and ``diverged_at`` (NaN if it did not)."""
        runs = self.training[RUN].drop_duplicates()
        diverged = self.training[self.training["status"] == records.DIVERGED]
        diverged = diverged[[*RUN, "step"]].drop_duplicates(RUN)
        return runs.merge(diverged.rename(columns={"step": "diverged_at"}), on=RUN, how="left")

    def variants(self, dataset: str, architecture: str) -> list[str]:
        """Return the variants that have rows in a (dataset, architecture), in the study's order."""
        found = set(in_cell(self.training, dataset, architecture)["variant"])
        return [name for name in self.manifest["variants"] if name in found]

    def protocol(self, dataset: str, metric: str) -> str:
        """Return the protocol that a metric is shown under where there is room for one: the first.

        Empty where the metric was not measured.
        """
        rows = self.reported[
            (self.reported["dataset"] == dataset) & (self.reported["metric"] == metric)
        ]
        return str(rows["protocol"].iloc[0]) if len(rows) else ""

    def anchors(self, dataset: str, architecture: str, metric: str) -> tuple[float, float]:
        """Return means of held-out real data and the untrained generator; NaN where unknown."""
        rows = self.reported[self.reported["objective"] == records.CONTROL]
        rows = rows[(rows["dataset"] == dataset) & (rows["metric"] == metric)]
        rows = rows[rows["protocol"] == self.protocol(dataset, metric)]
        untrained = (rows["variant"] == records.UNTRAINED) & (rows["architecture"] == architecture)
        chosen = rows["variant"] == records.REAL, untrained
        real, start = (float(rows.loc[mask, "value"].mean()) for mask in chosen)
        return real, start


def in_cell(table: pd.DataFrame, dataset: str, architecture: str) -> pd.DataFrame:
    """Return the rows of a (dataset, architecture)."""
    return table[(table["dataset"] == dataset) & (table["architecture"] == architecture)]


def direction(metric: str) -> str:
    """Return which direction of a metric is better; ``none`` for one that is not catalogued."""
    return records.METRICS[metric].better if metric in records.METRICS else "none"


def worst(metric: str) -> float:
    """Return the value that a diverged run counts as; NaN for a metric without a direction."""
    known = records.METRICS.get(metric)
    if known is not None and known.worst is not None:
        return known.worst
    return {"lower": np.inf, "higher": -np.inf, "none": np.nan}[direction(metric)]


def _selects(table: pd.DataFrame) -> pd.Series[bool]:
    return table["protocol"].str.startswith(records.SELECTION)


def _measures_samples(table: pd.DataFrame) -> pd.Series[bool]:
    return ~table["protocol"].isin(READINGS) & (table["status"] == records.OK)
