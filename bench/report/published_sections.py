"""The section on published numbers: theirs and ours side by side, and whether both agree."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from bench.analysis.published.compare import AGREES, DIFFERS, NO_RESULT, NOT_RUN, UNCERTAIN
from bench.report.formats import DASH, estimate, limits, number, percent, setting, span, whole
from bench.report.headline import counted, enumerated
from bench.report.parts import Parts
from bench.report.published_figures import beside
from bench.report.statistics import Statistics
from bench.report.style import label
from bench.report.views import Entry, View, key, named, rows_of

_SECTION = "published"
#: Numbers of a dataset that are named in a sentence; the table has all.
_NAMED = 3


def published(parts: Parts, statistics: Statistics) -> None:
    """Show a figure for each source, and a table for each of its datasets."""
    table = statistics.published
    for index, (source, part) in enumerate(table.groupby("source", sort=False)):
        found = part[part["mean"].notna()]
        if np.isfinite(found["mean"]).any():
            parts.draw(
                _SECTION,
                f"published-{index}",
                f"{source} and this study",
                "Last snapshot. Filled: this study, means with 95 % t intervals over "
                f"n = {span(found['n'])} training seeds. Hollow: the paper ({_errors(part)}), its "
                "error widened to 95 %.",
                beside(found, statistics.colours),
            )
        for (dataset, architecture), mine in part.groupby(["dataset", "architecture"], sort=False):
            parts.show(
                _SECTION,
                f"{source}: {dataset} · {architecture}",
                f"Theirs ± as published ({_errors(mine)}{_budget(mine)}); ours at the last "
                "snapshot ± half width of the 95 % t interval over n seeds. Difference: ours minus "
                "theirs, with Welch’s 95 % interval from both errors.",
                "published",
                view(mine, statistics.colours),
            )
    if len(table):
        parts.save("published", table)


def sentences(table: pd.DataFrame) -> list[str]:
    """Return how many published numbers agree with ours, and at which budget they do not."""
    if table.empty:
        return []
    counts = table["verdict"].value_counts()
    told = int(sum(counts.get(name, 0) for name in (AGREES, DIFFERS, UNCERTAIN)))
    words = {
        AGREES: "agrees" if counts.get(AGREES, 0) == 1 else "agree",
        DIFFERS: "differs" if counts.get(DIFFERS, 0) == 1 else "differ",
        UNCERTAIN: f"{'is' if counts.get(UNCERTAIN, 0) == 1 else 'are'} too uncertain to tell",
    }
    said = [
        f"Of {counted(told, 'published number')} that this study measures, "
        + enumerated([f"{counts.get(name, 0)} {word}" for name, word in words.items()])
        + f"{_shares(table)}."
    ]
    differing = table[table["verdict"] == DIFFERS]
    for dataset, part in differing.groupby("dataset", sort=False):
        budgets = part["budget"].round(4).drop_duplicates()
        at = _at(float(budgets.iloc[0])) if len(budgets) == 1 else ""
        listed = [
            f"{label(row['metric'])} of {row['variant']} "
            f"({number(row['mean'])} against {number(row['published'])})"
            for row in rows_of(part)
        ]
        more = [f"{len(listed) - _NAMED} more"] if len(listed) > _NAMED else []
        said.append(f"Different on {dataset}{at}: {enumerated([*listed[:_NAMED], *more])}.")
    missing = {NOT_RUN: "not run", NO_RESULT: "without a result"}
    rest = [f"{counts[name]} {text}" for name, text in missing.items() if name in counts]
    if rest:
        said.append(f"Of the same tables: {enumerated(rest)}.")
    return said


def sources(table: pd.DataFrame) -> list[dict[str, str]]:
    """Return each source with its provenance and, by dataset, how it measured."""
    return [
        {
            "source": str(source),
            "provenance": str(part["provenance"].iloc[0]),
            "measured": "; ".join(
                f"{dataset}: {measured}"
                for dataset, measured in part[["dataset", "measured"]]
                .drop_duplicates()
                .itertuples(index=False, name=None)
            ),
        }
        for source, part in table.groupby("source", sort=False)
    ]


def view(table: pd.DataFrame, colours: Mapping[str, str]) -> View:
    """Show a dataset and architecture of :func:`bench.analysis.published.compare.compare`."""
    rows = [
        [
            Entry(row["method"], row["method"]),
            named(row["variant"], colours) if row["variant"] else Entry(DASH, ""),
            Entry(label(row["metric"]), row["metric"]),
            Entry(_theirs(row), key(row["published"])),
            Entry(estimate(row["mean"], row["half_width"]), key(row["mean"])),
            Entry(str(row["n"]) if row["n"] else DASH, row["n"]),
            Entry(limits(row["difference"], row["low"], row["high"]), key(row["difference"])),
            _verdict(row),
        ]
        for row in rows_of(table)
    ]
    columns = [
        "their method", "our variant", "metric", "theirs", "ours", "n", "difference", "verdict",
    ]  # fmt: skip
    return View(columns, [3 <= index <= 6 for index in range(len(columns))], rows)


def _theirs(row: Mapping[str, Any]) -> str:
    """Return a published number with the digits of the paper, and its error."""
    text = setting(round(float(row["published"]), 6))
    error = float(row["published_error"])
    return text if np.isnan(error) else f"{text} ± {setting(round(error, 6))}"


def _verdict(row: Mapping[str, Any]) -> Entry:
    verdict = row["verdict"]
    text = verdict
    if verdict in (AGREES, DIFFERS, UNCERTAIN):
        text += _at(row["budget"])
    if row["note"]:
        text += f"; {row['note']}"
    mark = {AGREES: "tied", DIFFERS: "bad"}.get(verdict, "quiet")
    return Entry(text, verdict, f"{mark} narrow")


def _at(budget: float) -> str:
    """Return the share of the paper's steps, where it is known and is another."""
    if np.isnan(budget) or abs(budget - 1) < 0.005:
        return ""
    return f" at {percent(budget)} of the steps"


def _shares(table: pd.DataFrame) -> str:
    """Return which share of the papers' steps the study took, where it is known and small."""
    shares = table.loc[table["mean"].notna(), "budget"].dropna()
    if shares.empty or shares.max() > 0.9:
        return ""
    low, high = percent(float(shares.min())), percent(float(shares.max()))
    return f", at {low if low == high else f'{low} to {high}'} of the papers’ steps where known"


def _budget(table: pd.DataFrame) -> str:
    """Return the paper's budget in words, where it is known."""
    first = table.iloc[0]
    steps = first["published_steps"]
    counted_ = "" if np.isnan(steps) else f", {whole(steps)} generator steps"
    return (f"; {first['published_budget']}" if first["published_budget"] else "") + counted_


def _errors(table: pd.DataFrame) -> str:
    """Return what the published errors are, in words."""
    found = []
    for kind, part in table.groupby("error_kind", sort=False):
        runs = {whole(n) for n in part["published_n"]}
        count = f"n = {', '.join(sorted(runs))}" if runs != {DASH} else "n not known"
        name = {"none": "no error", "unknown": "an error of unknown kind"}.get(str(kind), str(kind))
        found.append(f"{name}, {count}")
    return "; ".join(found)
