"""What became of each run: its last snapshot and its best one, the worst value if it diverged."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bench.analysis.intervals import half_width
from bench.analysis.results import CELL, RUN, Results, direction, worst

_KEY = [*RUN, "metric", "protocol"]


def outcomes(results: Results) -> pd.DataFrame:
    """Return one row a (run, metric, protocol) of a reported protocol.

    Columns: :data:`~bench.analysis.results.RUN`, ``metric``, ``protocol``, ``last`` (the value at
    the last snapshot), ``best`` (at the snapshot with the best primary metric under the selecting
    protocol; NaN without one), ``best_step`` and ``diverged``. A run that diverged has the worst
    value that there is in both, whatever it had reached before.
    """
    reported, runs = results.reported, results.runs
    trained = reported.merge(runs[RUN], on=RUN)
    # A control with fewer samples has a protocol of its own, which no run is measured under.
    without = ~reported["dataset"].isin(trained["dataset"])
    measured = pd.concat([trained, reported[without]])[["dataset", "metric", "protocol"]]
    grid = runs.merge(measured.drop_duplicates(), on="dataset")
    last = trained.sort_values("step").drop_duplicates(_KEY, keep="last")
    grid = grid.merge(last[[*_KEY, "value"]].rename(columns={"value": "last"}), how="left")
    grid = grid.merge(_best_steps(results), on=RUN, how="left")
    at_best = trained[[*_KEY, "step", "value"]].rename(
        columns={"step": "best_step", "value": "best"}
    )
    grid = grid.merge(at_best, on=[*_KEY, "best_step"], how="left")
    grid["diverged"] = grid.pop("diverged_at").notna()
    bad = grid.loc[grid["diverged"], "metric"].map(worst).astype(float)
    grid.loc[grid["diverged"], "last"] = bad
    grid.loc[grid["diverged"], "best"] = bad
    return grid


def summary(outcomes: pd.DataFrame) -> pd.DataFrame:
    """Return one row a (cell, metric, protocol) over its seeds.

    Columns: ``n``, ``diverged`` (how many of them), and for ``last`` and ``best`` the mean, its
    half width (95 % t interval; NaN for one seed or an infinite mean) and the median.
    """
    keys = [*CELL, "objective", "metric", "protocol"]
    values = outcomes[[*keys, "diverged"]].copy()
    for column in ("last", "best"):
        infinite = np.isinf(outcomes[column])
        values[column] = outcomes[column]
        values[f"{column}_finite"] = outcomes[column].mask(infinite)
        values[f"{column}_infinite"] = outcomes[column].where(infinite)
    groups = values.groupby(keys, sort=False)
    table = pd.DataFrame({"n": groups.size(), "diverged": groups["diverged"].sum()})
    for column in ("last", "best"):
        finite = groups[f"{column}_finite"]
        complete = finite.count() == table["n"]
        half = pd.Series(half_width(finite.std(ddof=1), finite.count()), index=table.index)
        known = groups[column].count() == table["n"]
        table[column] = finite.mean().where(complete, groups[f"{column}_infinite"].max())
        table[f"{column}_half_width"] = half.where(complete)
        table[f"{column}_median"] = groups[column].median().where(known)
    return table.reset_index()


def _best_steps(results: Results) -> pd.DataFrame:
    """Return the step that the selecting rows choose for each run."""
    rows = results.selecting
    rows = rows[rows["metric"] == rows["dataset"].map(results.primary)]
    rows = rows[rows["value"].notna()]
    higher = rows["metric"].map(direction) == "higher"
    rows = rows.assign(order=rows["value"].where(~higher, -rows["value"]))
    chosen = rows.sort_values(["order", "step"]).drop_duplicates(RUN)
    return chosen[[*RUN, "step"]].rename(columns={"step": "best_step"})
