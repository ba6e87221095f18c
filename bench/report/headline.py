"""What the page says first, in sentences that the statistics carry and no more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bench.analysis.results import Results, direction
from bench.analysis.tables import ALIKE, BEHIND, UNTESTED
from bench.report.formats import estimate
from bench.report.style import label


@dataclass(frozen=True)
class Finding:
    """What can be said about one (dataset, architecture)."""

    where: str
    text: str


def findings(leaderboard: pd.DataFrame) -> list[Finding]:
    """Return one finding a (dataset, architecture).

    A winner is named only where every other variant is behind it, or diverged in all its runs.
    """
    if leaderboard.empty:
        return []
    groups = leaderboard.groupby(["dataset", "architecture"], sort=False)
    return [Finding(f"{key[0]} · {key[1]}", _finding(part)) for key, part in groups]


def _finding(part: pd.DataFrame) -> str:
    metric = part["metric"].iloc[0]
    extreme = "highest" if direction(metric) == "higher" else "lowest"
    first = part.iloc[0]
    lost = list(part.loc[part["diverged"] == part["n"], "variant"])
    if not np.isfinite(first["last"]):
        if len(lost) == len(part):
            return "Every run diverged."
        return "In every variant at least one run diverged; no variant is named best."
    value = estimate(first["last"], first["last_half_width"])
    name, count = first["variant"], first["n"]
    start = f"The {extreme} mean {label(metric)} is that of {name}: {value} (n = {count})."
    others = part.iloc[1:]
    if others.empty:
        return f"{start} There is nothing to compare it with."
    alike = list(others.loc[others["standing"] == ALIKE, "variant"])
    behind = list(others.loc[others["standing"] == BEHIND, "variant"])
    untested = [
        name for name in others.loc[others["standing"] == UNTESTED, "variant"] if name not in lost
    ]
    if part["n"].max() < 2:
        return f"{start} With one seed no difference can be tested."
    parts = [start]
    if len(behind) + len(lost) == len(others) and behind:
        parts.append("It is ahead of every other variant.")
    elif alike and not behind:
        parts.append(
            f"None of the other {len(alike)} tested variants can be told apart from it."
            if len(alike) > 1
            else f"{alike[0]} cannot be told apart from it."
        )
    elif alike:
        parts.append(f"Not distinguishable from it: {_list(alike)}. Behind: {_list(behind)}.")
    elif behind:
        parts.append(f"Behind: {_list(behind)}.")
    if untested:
        parts.append(f"Not tested: {_list(untested)}.")
    if lost:
        parts.append(f"Diverged in all runs: {_list(lost)}.")
    return " ".join(parts)


def loss_finding(cells: pd.DataFrame, signal: str, reading: str, window: str) -> str:
    """Return for how many cells a loss follows quality, and for how many nothing can be said."""
    chosen = (cells["signal"] == signal) & (cells["reading"] == reading)
    cells = cells[chosen & (cells["window"] == window)]
    known = cells[cells["spearman_low"].notna()]
    if known.empty:
        return ""
    strong = int((known["spearman_low"] >= 0.5).sum())
    weak = int((known["spearman_high"] < 0.3).sum())
    return (
        f"Rank correlation ρ, within a run, between the {reading} critic’s divergence estimate and "
        f"the primary metric over {window} snapshots. Of {len(known)} cells, {strong} have their "
        f"whole 95 % interval at 0.5 or above, so that the loss follows quality; {weak} have it "
        f"below 0.3, so that it does not; {len(known) - strong - weak} allow neither statement."
    )


def counts(results: Results) -> str:
    """Return what was crossed, and how many runs came of it."""
    manifest = results.manifest
    architectures = dict.fromkeys(run["architecture"] for run in manifest["runs"])
    seeds = {run["seed"] for run in manifest["runs"]}
    crossed = ", ".join(
        [
            _count(len(manifest["variants"]), "variant"),
            _count(len(architectures), "architecture"),
            _count(len(manifest["datasets"]), "dataset"),
            _count(len(seeds), "seed"),
        ]
    )
    return f"{crossed}: {manifest['expected']} runs"


def protocols(rows: pd.DataFrame, metrics: Sequence[str]) -> str:
    """Return the protocols of some metrics, as the rows name them."""
    return ", ".join(dict.fromkeys(rows.loc[rows["metric"].isin(list(metrics)), "protocol"]))


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _list(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]
