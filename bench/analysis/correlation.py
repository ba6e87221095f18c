"""Does the loss follow quality? Rank correlation within each run, then a mean over seeds.

Both are oriented so that larger is worse: a loss that means what it should gives +1. Losses of
different objectives are never pooled. A run that diverged is judged by the snapshots it has, and
counted.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from bench.analysis.intervals import correlation_interval
from bench.analysis.results import CELL, RUN, Results, direction

SIGNALS = ("estimate", "gap_over_slope")
#: All snapshots, or only those after a run's first steps.
WINDOWS = ("all", "after burn-in")
#: With fewer snapshots a rank correlation says nothing.
FEWEST = 5
#: Quality that changes by less than this, in powers of ten, gives nothing to correlate with.
RANGE = 0.3


def spearman(x: ArrayLike, y: ArrayLike) -> float:
    """Return Spearman's ρ with mid-ranks for ties; NaN if either side is constant."""
    a, b = (_centred_ranks(np.asarray(values, float)) for values in (x, y))
    scale = np.sqrt((a @ a) * (b @ b))
    return float(a @ b / scale) if scale > 0 else float("nan")


def kendall(x: ArrayLike, y: ArrayLike) -> float:
    """Return Kendall's τ_b; NaN if either side is constant."""
    a, b = (np.sign(_differences(np.asarray(values, float))) for values in (x, y))
    scale = np.sqrt((a @ a) * (b @ b))
    return float(a @ b / scale) if scale > 0 else float("nan")


def per_run(results: Results) -> pd.DataFrame:
    """Return one row a (run, signal, reading, window).

    Columns: :data:`~bench.analysis.results.RUN`, ``signal``, ``reading``, ``window``, ``spearman``,
    ``kendall``, ``snapshots`` (their number), ``flag`` and ``diverged``. The flag is empty, or why
    the value is missing (``too few snapshots``, ``constant``) or weak (``range``: quality varies by
    less than a factor of two).
    """
    quality = _quality(results)
    signals = results.readings[results.readings["metric"].isin(SIGNALS)]
    pairs = signals.merge(quality, on=[*RUN, "step"])
    final = results.training.groupby(RUN)["step"].max().rename("final").reset_index()
    pairs = pairs[pairs["value"].notna() & pairs["quality"].notna()].merge(final, on=RUN)
    pairs["late"] = pairs["step"] >= np.maximum(100, 0.01 * pairs["final"])
    rows: list[tuple[object, ...]] = []
    for key, group in pairs.groupby([*RUN, "metric", "protocol"], sort=False):
        late = group["late"].to_numpy()
        values = group[["value", "quality", "raw"]].to_numpy(float)
        for window, part in zip(WINDOWS, (values, values[late]), strict=True):
            rows.append((*key, window, *_correlate(part)))
    names = [*RUN, "signal", "reading", "window", "spearman", "kendall", "snapshots", "flag"]
    table = pd.DataFrame(rows, columns=names)
    diverged = results.runs.assign(diverged=results.runs["diverged_at"].notna())
    return table.merge(diverged[[*RUN, "diverged"]], on=RUN)


def per_cell(runs: pd.DataFrame) -> pd.DataFrame:
    """Return one row a (cell, signal, reading, window) over the runs of :func:`per_run`.

    Columns: ``spearman`` and ``kendall`` (means over the runs that have a value), ``spearman_low``
    and ``spearman_high`` (:func:`~bench.analysis.intervals.correlation_interval`), ``n`` (runs with
    a value), ``runs``, ``snapshots`` (median over the runs), ``diverged``, ``weak`` (runs flagged
    ``range``) and ``reasons`` (why values are missing).
    """
    keys = [*CELL, "objective", "signal", "reading", "window"]
    rows = []
    for key, group in runs.groupby(keys, sort=False):
        interval = correlation_interval(group["spearman"].dropna())
        missing = group.loc[group["spearman"].isna(), "flag"].value_counts()
        every = len(group)
        rows.append(
            {
                **dict(zip(keys, key, strict=True)),
                "spearman": interval.mean,
                "spearman_low": interval.low,
                "spearman_high": interval.high,
                "kendall": group["kendall"].mean(),
                "n": interval.n,
                "runs": every,
                "snapshots": group["snapshots"].median(),
                "diverged": int(group["diverged"].sum()),
                "weak": int((group["flag"] == "range").sum()),
                "reasons": ", ".join(
                    str(reason) if n == every else f"{reason} in {n} of {every} runs"
                    for reason, n in missing.items()
                ),
            }
        )
    columns = [*keys, "spearman", "spearman_low", "spearman_high", "kendall", "n", "runs"]
    return pd.DataFrame(rows, columns=[*columns, "snapshots", "diverged", "weak", "reasons"])


def _quality(results: Results) -> pd.DataFrame:
    """Return the primary metric of each snapshot as it is (``raw``) and larger for worse."""
    rows = results.reported.merge(results.runs[RUN], on=RUN)
    rows = rows[rows["metric"] == rows["dataset"].map(results.primary)]
    rows = rows.drop_duplicates([*RUN, "step"])
    sign = np.where(rows["metric"].map(direction) == "higher", -1.0, 1.0)
    rows = rows.assign(raw=rows["value"], quality=sign * rows["value"])
    return rows[[*RUN, "step", "raw", "quality"]]


def _correlate(values: NDArray[np.float64]) -> tuple[float, float, int, str]:
    """Return both coefficients, the number of snapshots, and the flag.

    Columns of ``values``: signal, quality with larger for worse, quality as it is.
    """
    snapshots = len(values)
    if snapshots < FEWEST:
        return np.nan, np.nan, snapshots, "too few snapshots"
    signal, quality, raw = values.T
    if np.ptp(_centred_ranks(signal)) == 0 or np.ptp(_centred_ranks(quality)) == 0:
        return np.nan, np.nan, snapshots, "constant"
    size = np.abs(raw)
    narrow = size.min() > 0 and np.log10(size.max() / size.min()) < RANGE
    return spearman(signal, quality), kendall(signal, quality), snapshots, "range" * int(narrow)


def _centred_ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    ranks: NDArray[np.float64] = stats.rankdata(values)
    centred: NDArray[np.float64] = ranks - ranks.mean()
    return centred


def _differences(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the differences of ranks of all pairs: infinite values have ranks, too."""
    ranks = _centred_ranks(values)
    first, second = np.triu_indices(len(values), 1)
    differences: NDArray[np.float64] = ranks[first] - ranks[second]
    return differences
