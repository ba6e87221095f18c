"""What each metric says of known samples, and whether it ranks them as it must."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from bench import records
from bench.analysis.results import Results, direction

#: Verdicts on one control: real data itself; ranked behind real data as it must be, or not; of a
#: control that the metric need not see; without a number; of a metric without a direction.
REFERENCE, RIGHT, WRONG = "reference", "ok", "wrong"
BLIND, UNMEASURED, UNDIRECTED = "not expected to see", "not measured", "no direction"

#: Known controls in the order in which tables and figures have them; others stand before the last.
_FIRST = (records.REAL, records.DROPPED, records.NOISY, records.COPIED)
_LAST = (records.UNTRAINED,)

_KEY = ["dataset", "metric", "protocol"]
_COLUMNS = [
    *_KEY,
    *("control", "architecture", "mean", "low", "high", "n"),
    *("place", "place_low", "place_high", "verdict"),
]


def controls(results: Results) -> pd.DataFrame:
    """Return one row a (dataset, metric, protocol, control), whichever controls have rows.

    A control that was measured by some metric of a dataset has a row for each of them; an
    untrained generator has one an architecture, all others have the architecture ``""``.

    Columns: ``mean``, ``low`` and ``high`` (the extremes) over ``n`` replicates; ``place``, where
    the mean stands between held-out real data (0) and the farthest control that the metric must
    see (1), larger for worse, with ``place_low`` and ``place_high`` of the extremes; ``verdict``:
    a metric must rank real data strictly before every control that it must see
    (:attr:`bench.records.Metric.sees`), by their means. Of real data, ``low`` and ``high`` are the
    floor of a distance. Datasets, metrics and controls stand in the order of the study and the
    catalogue, protocols in that of the rows.
    """
    rows = results.reported[results.reported["objective"] == records.CONTROL]
    parts = []
    for dataset in results.manifest["datasets"]:
        mine = rows[rows["dataset"] == dataset]
        present = list(dict.fromkeys(mine[["variant", "architecture"]].itertuples(index=False)))
        known = _ordered(present)
        for (protocol, metric), group in _groups(mine):
            parts.append(_judged(group, known).assign(metric=metric, protocol=protocol))
    if not parts:
        return pd.DataFrame(columns=_COLUMNS)
    return pd.concat(parts, ignore_index=True)[_COLUMNS]


def wrong(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of :func:`controls` that are ranked wrongly."""
    return table[table["verdict"] == WRONG]


def _ordered(present: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    place = {name: index for index, name in enumerate(_FIRST)}
    place |= {name: len(_FIRST) + 1 for name in _LAST}
    return sorted(present, key=lambda one: (place.get(one[0], len(_FIRST)), one))


def _groups(rows: pd.DataFrame) -> list[tuple[tuple[str, str], pd.DataFrame]]:
    """Return the rows of each (protocol, metric), protocols as they come."""
    protocols = {name: index for index, name in enumerate(dict.fromkeys(rows["protocol"]))}
    metrics = {name: index for index, name in enumerate(records.METRICS)}
    groups = {(str(k[0]), str(k[1])): v for k, v in rows.groupby(["protocol", "metric"])}
    return sorted(
        groups.items(),
        key=lambda entry: (protocols[entry[0][0]], metrics.get(entry[0][1], len(metrics))),
    )


def _judged(group: pd.DataFrame, known: Sequence[tuple[str, str]]) -> pd.DataFrame:
    """Return one (dataset, metric, protocol), a row a control of the dataset."""
    metric = str(group["metric"].iloc[0])
    values = group.groupby(["variant", "architecture"])["value"]
    measured = pd.DataFrame(
        {"mean": values.mean(), "low": values.min(), "high": values.max(), "n": values.count()}
    )
    places = pd.MultiIndex.from_tuples(known, names=["control", "architecture"])
    table = measured.reindex(places).reset_index()
    table["dataset"] = group["dataset"].iloc[0]
    table["n"] = table["n"].fillna(0).astype(int)
    real = table.loc[table["control"] == records.REAL, "mean"].mean()
    sign = -1.0 if direction(metric) == "higher" else 1.0
    behind = sign * (table["mean"] - real)
    table["verdict"] = [
        _verdict(metric, str(control), float(distance))
        for control, distance in zip(table["control"], behind, strict=True)
    ]
    judged = behind[table["verdict"].isin((RIGHT, WRONG))].abs()
    farthest = judged[np.isfinite(judged) & (judged > 0)].max()
    for column, end in (("place", "mean"), ("place_low", "low"), ("place_high", "high")):
        table[column] = sign * (table[end] - real) / farthest
    return table


def _verdict(metric: str, control: str, behind: float) -> str:
    """Return the verdict on a control that stands so far behind real data."""
    if direction(metric) == "none":
        return UNDIRECTED
    if np.isnan(behind):
        return UNMEASURED
    if control == records.REAL:
        return REFERENCE
    if control not in records.METRICS[metric].sees:
        return BLIND
    return RIGHT if behind > 0 else WRONG
