"""Tidy tables as the page shows them: texts, sort keys and marks, still without HTML."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from bench import records
from bench.analysis.tables import ALIKE, BEHIND, LEADER, UNTESTED
from bench.report.formats import estimate, number, p_value, ratio, seconds, whole
from bench.report.style import label

#: What a standing is called in a table.
STANDINGS = {
    LEADER: "lowest mean",
    ALIKE: "not distinguishable",
    BEHIND: "behind",
    UNTESTED: "not tested",
}


@dataclass(frozen=True)
class Entry:
    """A table's cell: its text, what it sorts by, a CSS class and a swatch's colour."""

    text: str
    sort: float | str = ""
    mark: str = ""
    colour: str = ""


@dataclass(frozen=True)
class View:
    """A table: its columns' names, which of them hold numbers, and its rows."""

    columns: Sequence[str]
    numeric: Sequence[bool]
    rows: Sequence[Sequence[Entry]]


def ordered(metrics: Iterable[str]) -> list[str]:
    """Return metrics in the catalogue's order, then those that it does not know."""
    place = {name: index for index, name in enumerate(records.METRICS)}
    return sorted(metrics, key=lambda name: (place.get(name, len(place)), name))


def leaderboard(part: pd.DataFrame, colours: Mapping[str, str]) -> View:
    """Show one (dataset, architecture) of :func:`bench.analysis.tables.leaderboard`."""
    metric = part["metric"].iloc[0]
    higher = metric in records.METRICS and records.METRICS[metric].better == "higher"
    rows = []
    for row in rows_of(part):
        standing = row["standing"]
        text = STANDINGS[standing].replace("lowest", "highest" if higher else "lowest")
        tied = "tied" if standing in (LEADER, ALIKE) else ""
        rows.append(
            [
                Entry(str(row["rank"]), row["rank"]),
                named(row["variant"], colours, tied),
                Entry(str(row["n"]), int(row["n"])),
                _outcome(row, "last"),
                _outcome(row, "best"),
                plain(row["last_median"]),
                Entry(
                    ratio(row["ratio"], row["ratio_low"], row["ratio_high"]),
                    key(row["ratio"]),
                ),
                Entry(p_value(row["p_holm"]), key(row["p_holm"])),
                Entry(text, standing, standing.split()[0]),
            ]
        )
    name = label(metric)
    columns = [
        "rank", "variant", "n", f"{name}, last", f"{name}, best", "median, last",
        "times the leader", "p (Holm)", "against the leader",
    ]  # fmt: skip
    texts = {"variant", "against the leader"}
    return View(columns, [column not in texts for column in columns], rows)


def metrics(
    part: pd.DataFrame, names: Sequence[str], order: Sequence[str], colours: Mapping[str, str]
) -> View:
    """Show metrics at the last snapshot, a row a variant, for one (dataset, architecture)."""
    rows = []
    for variant in order:
        mine = {row["metric"]: row for row in rows_of(part[part["variant"] == variant])}
        if not mine:
            continue
        runs = max(int(row["n"]) for row in mine.values())
        entries = [named(variant, colours), Entry(str(runs), runs)]
        for name in names:
            known = name in mine
            entries.append(_outcome(mine[name], "last") if known else Entry("–"))
        rows.append(entries)
    columns = ["variant", "n", *(label(name) for name in names)]
    return View(columns, [False] + [True] * (len(columns) - 1), rows)


def correlations(part: pd.DataFrame, colours: Mapping[str, str]) -> View:
    """Show ρ by variant and signal for one (dataset, architecture): readings by windows."""
    windows, readings = part["window"].unique(), (records.REFRESHED, records.ONLINE)
    rows = []
    for _, group in part.groupby(["variant", "signal"], sort=False):
        variant, signal = group["variant"].iloc[0], group["signal"].iloc[0]
        cells = group.set_index(["reading", "window"])
        entries = [named(variant, colours), Entry(label(signal), signal)]
        for reading in readings:
            for window in windows:
                known = (reading, window) in cells.index
                entries.append(
                    _correlation(cells.loc[(reading, window)]) if known else Entry("–", -9)
                )
        first = group.iloc[0]
        lost = int(first["diverged"])
        entries += [
            Entry(str(first["runs"]), int(first["runs"])),
            Entry(str(lost), lost, "bad" if lost else ""),
        ]
        rows.append(entries)
    names = [f"ρ {reading}, {window}" for reading in readings for window in windows]
    columns = ["variant", "signal", *names, "runs", "diverged"]
    return View(columns, [False, False] + [True] * (len(columns) - 2), rows)


def budget(table: pd.DataFrame, colours: Mapping[str, str]) -> View:
    """Show :func:`bench.analysis.tables.budget`."""
    rows = []
    for row in rows_of(table):
        lost, failed = int(row["diverged"]), int(row["failed"])
        rows.append(
            [
                Entry(row["dataset"], row["dataset"]),
                Entry(row["architecture"], row["architecture"]),
                named(row["variant"], colours),
                Entry(str(row["finished"]), int(row["finished"])),
                Entry(str(lost), lost, "bad" if lost else ""),
                Entry(str(failed), failed, "bad" if failed else ""),
                Entry(seconds(row["seconds"]), key(row["seconds"])),
                *(
                    Entry(whole(row[name]), key(row[name]))
                    for name in ("steps", "discriminator_steps", "samples_seen")
                ),
                Entry(row["device"] or "–", row["device"]),
            ]
        )
    columns = [
        "dataset", "architecture", "variant", "finished", "diverged", "failed", "seconds a run",
        "generator steps", "discriminator steps", "samples seen", "device",
    ]  # fmt: skip
    return View(columns, [3 <= i <= 9 for i in range(11)], rows)


def named(name: str, colours: Mapping[str, str], mark: str = "") -> Entry:
    """Show a variant's name with its colour."""
    return Entry(name, name, f"name {mark}".strip(), colours.get(name, ""))


def rows_of(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a table's rows as dictionaries."""
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def _outcome(row: Mapping[str, Any], column: str) -> Entry:
    """Show a mean with its half width, or how many runs diverged."""
    mean = float(row[column])
    if row["diverged"]:
        return Entry(f"diverged {row['diverged']}/{row['n']}", key(mean), "bad")
    return Entry(estimate(mean, float(row[f"{column}_half_width"])), key(mean))


def _correlation(row: pd.Series[Any]) -> Entry:
    """Show a mean ρ with its limits; grey where quality hardly changes in half the runs."""
    value = row["spearman"]
    if np.isnan(value):
        return Entry(row["reasons"] or "–", -9, "quiet")
    text = f"{value:.2f}"
    if np.isfinite(row["spearman_low"]):
        text += f" [{row['spearman_low']:.2f}, {row['spearman_high']:.2f}]"
    weak = 2 * row["weak"] >= row["runs"]
    return Entry(text.replace("-", "−") + (" °" if weak else ""), value, "quiet" if weak else "")


def plain(value: float) -> Entry:
    """Show a number."""
    return Entry(number(value), key(value))


def key(value: float) -> float:
    """Return a sort key that JavaScript reads: missing values stand last."""
    return 1e300 if math.isnan(value) else max(-1e300, min(1e300, float(value)))
