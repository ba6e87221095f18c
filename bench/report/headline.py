"""What the page says first, in sentences that the statistics carry and no more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bench import records
from bench.analysis.correlation import WINDOWS
from bench.analysis.results import Results, direction, in_cell
from bench.analysis.tables import ALIKE, BEHIND, UNTESTED
from bench.report.formats import estimate, span
from bench.report.style import label


@dataclass(frozen=True)
class Finding:
    """What can be said about one (dataset, architecture)."""

    where: str
    text: str


def findings(results: Results, leaderboard: pd.DataFrame) -> list[Finding]:
    """Return one finding a (dataset, architecture) that the study trains.

    A winner is named only where every other variant is behind it, or diverged in all its runs.
    What has left no results is said beside it.
    """
    found = []
    for (dataset, architecture), expected in _expected(results).items():
        part = in_cell(leaderboard, dataset, architecture)
        gone = [name for name in expected if name not in set(part["variant"])]
        short = {row["variant"]: row["failed"] for _, row in part.iterrows() if row["failed"]}
        if part.empty:
            text = "No run has left results."
        else:
            text = " ".join([_finding(part, bool(gone)), *_absent(gone, short)])
        found.append(Finding(f"{dataset} · {architecture}", text))
    return found


def _expected(results: Results) -> dict[tuple[str, str], list[str]]:
    """Return the variants that the study trains in each (dataset, architecture)."""
    found: dict[tuple[str, str], list[str]] = {}
    for run in results.manifest["runs"]:
        names = found.setdefault((run["dataset"], run["architecture"]), [])
        if run["variant"] not in names:
            names.append(run["variant"])
    return found


def _absent(gone: Sequence[str], short: Mapping[str, int]) -> list[str]:
    """Say which variants have no results, and which have fewer runs than the study asks for."""
    parts = []
    if gone:
        parts.append(f"Without results: {enumerated(gone)}.")
    if short:
        named = [f"{name} ({counted(count, 'run')})" for name, count in short.items()]
        parts.append(f"Failed or missing: {enumerated(named)}.")
    return parts


def _finding(part: pd.DataFrame, incomplete: bool) -> str:
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
    start = (
        f"The {extreme} mean {label(metric)} is that of {name}: {value} (n\u00a0=\u00a0{count})."
    )
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
        with_results = " with results" if incomplete else ""
        parts.append(f"It is ahead of every other variant{with_results}.")
    elif alike and not behind:
        parts.append(
            f"None of the other {len(alike)} tested variants can be told apart from it."
            if len(alike) > 1
            else f"{alike[0]} cannot be told apart from it."
        )
    elif alike:
        parts.append(
            f"Not distinguishable from it: {enumerated(alike)}. Behind: {enumerated(behind)}."
        )
    elif behind:
        parts.append(f"Behind: {enumerated(behind)}.")
    if untested:
        parts.append(f"Not tested: {enumerated(untested)}.")
    if lost:
        parts.append(f"Diverged in all runs: {enumerated(lost)}.")
    return " ".join(parts)


def loss_findings(cells: pd.DataFrame) -> list[str]:
    """Return in how many cells the divergence estimate follows quality, a sentence a reading.

    Counts all snapshots of a run: after burn-in few are left. A cell whose quality hardly varies
    in half the runs or more decides nothing. Empty where no cell has an interval.
    """
    cells = cells[(cells["signal"] == "estimate") & (cells["window"] == WINDOWS[0])]
    cells = cells[cells["spearman_low"].notna()]
    critics = {
        records.REFRESHED: "a critic trained further at each snapshot",
        records.ONLINE: "the critic as training has it",
    }
    sentences = []
    for reading, critic in critics.items():
        part = cells[cells["reading"] == reading]
        if part.empty:
            continue
        clear = 2 * part["weak"] < part["runs"]
        follows = int((clear & (part["spearman_low"] >= 0.5)).sum())
        not_so = int((clear & (part["spearman_high"] < 0.3)).sum())
        sentences.append(
            f"Read from {critic} ({reading}, {span(part['snapshots'])} snapshots a run), the loss "
            f"follows quality in {follows} of {counted(len(part), 'cell')}, does not in {not_so}, "
            f"and {len(part) - follows - not_so} are undecided."
        )
    return sentences


def counts(results: Results) -> str:
    """Return what was crossed, and how many runs came of it."""
    manifest = results.manifest
    architectures = dict.fromkeys(run["architecture"] for run in manifest["runs"])
    seeds = {run["seed"] for run in manifest["runs"]}
    crossed = ", ".join(
        [
            counted(len(manifest["variants"]), "variant"),
            counted(len(architectures), "architecture"),
            counted(len(manifest["datasets"]), "dataset"),
            counted(len(seeds), "seed"),
        ]
    )
    return f"{crossed}: {manifest['expected']} runs"


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, in the plural unless it is one."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def enumerated(names: Sequence[str]) -> str:
    """Return names as a list in words."""
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]
