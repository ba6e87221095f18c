"""The report's tables as tidy frames of plain numbers, one function a table."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.analysis.intervals import holm, mean_interval, paired_p
from bench.analysis.outcomes import outcomes, summary
from bench.analysis.results import CELL, Results, direction

#: Level of the family of all pairs of variants in one (dataset, architecture).
ALPHA = 0.05
#: Standings against the leader.
LEADER, ALIKE, BEHIND, UNTESTED = "leader", "not distinguishable", "behind", "untested"


def leaderboard(results: Results) -> pd.DataFrame:
    """Return one row a cell, best first within (dataset, architecture).

    Columns beside those of :func:`~bench.analysis.outcomes.summary`, for the primary metric:
    ``rank`` by the mean of the last snapshot (a mean that a diverged run makes infinite stands
    below all others, the fewer diverged the better; equals share a rank), ``ratio`` to the leader
    with ``ratio_low`` and ``ratio_high``, ``pairs``, ``p_holm``, ``standing`` and ``failed`` (runs
    without results).

    The primary metrics are positive and spread over decades, so that variants are compared by
    their ratio: the geometric mean over seeds of value over the leader's value at the same seed,
    with the t interval and the t test of its logarithm over ``pairs`` seeds.

    The leader is chosen by the same data, so Holm's correction runs over **all** pairs of variants:
    over the pairs with the leader alone, eight equal variants differ in 11 % of studies instead
    of 5 %. ``standing`` is ``untested`` with fewer than two pairs or where a run diverged.
    """
    runs = outcomes(results)
    runs = runs[runs["metric"] == runs["dataset"].map(results.primary)]
    table = summary(runs)
    failed = _count(results, "failed")
    parts = []
    for cell, part in table.groupby(["dataset", "architecture"], sort=False):
        group = runs[(runs["dataset"] == cell[0]) & (runs["architecture"] == cell[1])]
        parts.append(_ranked(part[part["protocol"] == part["protocol"].iloc[0]], group))
    ranked = pd.concat(parts, ignore_index=True) if parts else table
    keys = ranked[CELL].itertuples(index=False, name=None)
    return ranked.assign(failed=[failed.get(key, 0) for key in keys])


def budget(results: Results) -> pd.DataFrame:
    """Return one row a cell: runs by status, and what one run took on average.

    Columns: ``runs``, ``finished``, ``diverged``, ``failed``, mean ``seconds``, ``steps``
    (generator), ``discriminator_steps``, ``samples_seen``, ``peak_memory_mb``, and ``device``.
    """
    keys = [*CELL, "objective"]
    means = ["seconds", "steps", "discriminator_steps", "samples_seen", "peak_memory_mb"]
    runs = pd.DataFrame(results.manifest["runs"], columns=[*keys, "status", *means, "device"])
    statuses = ("finished", "diverged", "failed")
    runs = runs.assign(**{status: runs["status"] == status for status in statuses})
    runs[means] = runs[means].apply(pd.to_numeric, errors="coerce")
    groups = runs.groupby(keys, sort=False)
    table = pd.DataFrame({"runs": groups.size()}).join(groups[list(statuses)].sum())
    table = table.join(groups[means].mean())
    table["device"] = groups["device"].agg(lambda names: ", ".join(sorted(set(names.dropna()))))
    return table.reset_index()


def _ranked(cells: pd.DataFrame, runs: pd.DataFrame) -> pd.DataFrame:
    """Add rank and standing to the cells of one (dataset, architecture)."""
    sign = -1.0 if direction(cells["metric"].iloc[0]) == "higher" else 1.0
    order = pd.DataFrame({"mean": sign * cells["last"], "share": cells["diverged"] / cells["n"]})
    # A mean that is missing for any other reason stands at the very end.
    order = order.fillna(np.inf)
    position = pd.Series(list(order.itertuples(index=False, name=None)), index=cells.index)
    ranks = {key: 1 + sum(other < key for other in position) for key in set(position)}
    cells = cells.assign(rank=position.map(ranks)).sort_values("rank", kind="stable")
    runs = runs[runs["protocol"] == cells["protocol"].iloc[0]]
    wide = runs.pivot(index="seed", columns="variant", values="last")
    return cells.join(_against_leader(cells, wide))


def _against_leader(cells: pd.DataFrame, wide: pd.DataFrame) -> pd.DataFrame:
    """Compare each variant with the first, from outcomes by seed (rows) and variant (columns)."""
    names = list(cells["variant"])
    pairs = list(combinations(names, 2))
    ratios = {pair: _log_ratios(wide, *pair) for pair in pairs}
    adjusted = holm([paired_p(values) for values in ratios.values()])
    p = dict(zip(pairs, adjusted, strict=True))
    nothing = np.full(0, np.nan)
    rows = []
    for name in names:
        interval = mean_interval(ratios.get((names[0], name), nothing))
        value = float(p.get((names[0], name), np.nan))
        if name == names[0] and np.isfinite(cells["last"].iloc[0]):
            standing = LEADER
        elif np.isnan(value):
            standing = UNTESTED
        else:
            standing = BEHIND if value < ALPHA else ALIKE
        bounds = np.exp([interval.mean, interval.low, interval.high])
        rows.append([*map(float, bounds), interval.n, value, standing])
    columns = ["ratio", "ratio_low", "ratio_high", "pairs", "p_holm", "standing"]
    return pd.DataFrame(rows, index=cells.index, columns=columns)


def _log_ratios(wide: pd.DataFrame, first: str, second: str) -> NDArray[np.float64]:
    """Return log(second / first) by seed; none if a run of either diverged or is not positive."""
    values: NDArray[np.float64] = wide[[first, second]].dropna().to_numpy(float)
    if not (np.isfinite(values) & (values > 0)).all():
        return np.empty(0)
    logarithms: NDArray[np.float64] = np.log(values)
    return logarithms[:, 1] - logarithms[:, 0]


def _count(results: Results, status: str) -> dict[tuple[str, ...], int]:
    """Return how many runs of each cell have a status."""
    found: dict[tuple[str, ...], int] = {}
    for run in results.manifest["runs"]:
        if run["status"] == status:
            key = tuple(run[name] for name in CELL)
            found[key] = found.get(key, 0) + 1
    return found
