"""What trained discriminators say of known pairs of distributions, beside the truth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from bench.analysis import critics
from bench.analysis.results import Results

#: How far an estimate may be from the truth, relatively. The optimum of an f-divergence is a
#: function of the density ratio, and within reach on pairs whose ratio is bounded; that of a
#: Wasserstein distance is Lipschitz on any pair.
TARGET_RATIO, TARGET_WASSERSTEIN = 0.02, 0.05
#: An estimate of a lower bound may exceed the truth by so many standard errors, and by this share.
_ERRORS, _ROUNDING = 3.0, 1e-4

_READINGS = [
    *critics.KEYS, "dimension", "bounded", "seeds", "status", "truth", "truth_error",
    "value", "error", "relative", "target", "judged", "reached", "above", "note",
    "gap", "mean_slope", "max_slope", "output_rmse",
]  # fmt: skip


@dataclass(frozen=True)
class Calibration:
    """All tables of a study's calibration; without one, tables without rows.

    Attributes:
        readings: :func:`readings`.
        summary: :func:`summary`.
        wasserstein: :func:`bench.analysis.critics.wasserstein`.
        clipping: :func:`bench.analysis.critics.clipping`.
        outputs: Discriminators' outputs and their optima along the pairs' lines.
        pulls: Sizes of the generators' gradients.
    """

    readings: pd.DataFrame
    summary: pd.DataFrame
    wasserstein: pd.DataFrame
    clipping: pd.DataFrame
    outputs: pd.DataFrame
    pulls: pd.DataFrame

    @classmethod
    def of(cls, results: Results) -> Calibration:
        """Compute everything."""
        read = readings(results)
        distances = critics.wasserstein(read)
        outputs = ["variant", "depth", "seed", "pair", "place", "output", "optimum", "weight"]
        return cls(
            readings=read,
            summary=summary(results, read),
            wasserstein=distances,
            clipping=critics.clipping(results, distances),
            outputs=results.calibration.get("outputs", pd.DataFrame(columns=outputs)),
            pulls=results.calibration.get(
                "pulls", pd.DataFrame(columns=["variant", "against", "at", "size"])
            ),
        )

    @property
    def first(self) -> pd.DataFrame:
        """The readings of each variant at its first depth, which :attr:`summary` judges."""
        return _first_depth(self.readings)


def readings(results: Results) -> pd.DataFrame:
    """Return one row a variant, depth and pair: the estimate beside the truth.

    Several seeds make one row: means over ``seeds`` trainings, where ``error`` is the standard
    error over evaluation points alone; a diverged one makes the row diverged. ``relative`` is
    value/truth − 1, NaN where there is none. ``judged`` says whether ``target`` is about the
    pair, ``reached`` whether it is met, and ``above`` whether what theory knows as a lower bound
    exceeds the truth. ``note`` says what else to know.
    """
    estimates = results.calibration.get("estimates")
    if estimates is None or estimates.empty:
        return pd.DataFrame(columns=_READINGS)
    groups = estimates.groupby(critics.KEYS, sort=False)
    constant = ["dimension", "bounded", "lower_bound", "truth", "truth_error"]
    means = ["value", "gap", "mean_slope", "max_slope", "output_rmse"]
    table = groups[constant].first().join(groups[means].mean()).join(groups.size().rename("seeds"))
    table["error"] = groups["error"].agg(lambda errors: np.sqrt((errors**2).sum()) / len(errors))
    ok = groups["status"].agg(lambda states: bool((states == "ok").all()))
    table = table.assign(status=np.where(ok, "ok", "diverged")).reset_index()
    finite, ok = np.isfinite(table["truth"]), table["status"] == "ok"
    table.loc[~ok, ["value", "error"]] = np.nan
    distance = table["divergence"].str.startswith(critics.WASSERSTEIN)
    table["relative"] = (table["value"] / table["truth"] - 1).where(finite)
    table["target"] = np.where(distance, TARGET_WASSERSTEIN, TARGET_RATIO)
    table["judged"] = finite & (distance | table["bounded"])
    table["reached"] = table["judged"] & (table["relative"].abs() <= table["target"])
    slack = _ERRORS * table["error"] + table["truth_error"] + _ROUNDING * table["truth"]
    table["above"] = table["lower_bound"] & (table["value"] > table["truth"] + slack)
    table["note"] = [_note(row) for row in table.to_dict("records")]
    return table[_READINGS]


def summary(results: Results, read: pd.DataFrame) -> pd.DataFrame:
    """Return one row a variant of the study, at its first depth.

    ``pairs`` counts those that ``target`` is about, ``reached`` those within it; ``worst`` and
    ``median`` are of |value/truth − 1| over them, where a diverged pair counts as infinitely far;
    ``worst_relative`` has the sign, and ``worst_pair`` is where; ``reason`` is why pairs are
    missed, where that is known. ``above`` counts all pairs.
    ``evenness`` is the median of mean over largest slope. ``verdict`` is a text.
    """
    first = _first_depth(read)
    pulled = set(results.calibration.get("pulls", pd.DataFrame(columns=["variant"]))["variant"])
    rows = []
    for variant, about in results.manifest["variants"].items() if results.calibrates else ():
        mine = first[first["variant"] == variant]
        if len(mine):
            row = _judgement(mine, about.get("caveat", ""))
        else:
            row = {"pairs": 0, "reached": 0, "above": 0, "diverged": 0}
            row |= {
                "divergence": about["divergence"],
                "verdict": _unknown(about, variant in pulled),
            }
        rows.append({"variant": variant, **row})
    columns = [
        "variant", "divergence", "depth", "target", "pairs", "reached", "share", "worst",
        "worst_relative", "worst_pair", "reason", "median", "above", "diverged", "evenness",
        "verdict",
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def _first_depth(read: pd.DataFrame) -> pd.DataFrame:
    return read[read["depth"] == read.groupby("variant")["depth"].transform("first")]


def _note(row: Mapping[Any, Any]) -> str:
    if row["status"] != "ok":
        return "diverged"
    notes = []
    if not np.isfinite(row["truth"]):
        notes.append("truth infinite")
    elif not row["judged"]:
        notes.append("ratio unbounded")
    if row["above"]:
        notes.append("above the truth")
    return "; ".join(notes)


def _judgement(read: pd.DataFrame, caveat: str) -> dict[str, Any]:
    """Return what :func:`summary` says of a variant's readings."""
    judged = read[read["judged"]]
    errors = judged["relative"].abs().fillna(np.inf)
    count, reached = len(judged), int(judged["reached"].sum())
    head = read.iloc[0]
    evenness = (read["mean_slope"] / read["max_slope"]).dropna()
    row: dict[str, Any] = {
        "divergence": head["divergence"],
        "depth": head["depth"],
        "target": head["target"],
        "pairs": count,
        "reached": reached,
        "above": int(read["above"].sum()),
        "diverged": int((read["status"] != "ok").sum()),
        "evenness": evenness.median() if len(evenness) else np.nan,
    }
    if count:
        worst = judged.iloc[int(errors.to_numpy().argmax())]
        row |= {"share": reached / count, "worst": errors.max(), "median": errors.median()}
        row |= {"worst_relative": worst["relative"], "worst_pair": worst["pair"]}
        row |= {"reason": _reason(judged[~judged["reached"]], caveat)}
    return {**row, "verdict": _verdict(row)}


def _reason(missed: pd.DataFrame, caveat: str) -> str:
    """Say why some pairs are missed: what theory knows, or what the estimates show."""
    if missed.empty or caveat:
        return caveat if len(missed) else ""
    if (missed["relative"] < 0).all():
        return "too low: the discriminator is short of its optimum"
    return ""


def _verdict(row: Mapping[str, Any]) -> str:
    if not row["pairs"]:
        return "not judged: the target is about none of the pairs"
    reached = "all" if row["reached"] == row["pairs"] else f"{row['reached']} of {row['pairs']}"
    parts = [f"reached on {reached} pairs" if row["reached"] else "missed on all pairs"]
    if row["above"]:
        parts.append(f"above the truth on {row['above']}, though a lower bound")
    if row["diverged"]:
        parts.append(f"diverged on {row['diverged']}")
    return "; ".join(parts)


def _unknown(about: Mapping[str, Any], pulled: bool) -> str:
    """Say why a variant of the study has no estimates."""
    if about["reference"] is None and not pulled:
        return "no results"
    if about["divergence"] is None:
        return "estimates no divergence that is known"
    return "the true value of its divergence is not computed"
