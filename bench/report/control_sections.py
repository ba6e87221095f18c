"""The section on controls: whether each metric ranks known samples as it must."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from bench import records
from bench.analysis.controls import BLIND, REFERENCE, RIGHT, UNDIRECTED, UNMEASURED, WRONG
from bench.report.control_figures import places
from bench.report.formats import number, span
from bench.report.headline import counted, enumerated
from bench.report.parts import Parts
from bench.report.statistics import Statistics
from bench.report.style import label
from bench.report.views import Entry, View, key, rows_of

#: What controls are called in tables and figures.
NAMES = {
    records.REAL: "held-out real",
    records.DROPPED: "modes removed",
    records.NOISY: "with noise",
    records.COPIED: "training copies",
    records.UNTRAINED: "untrained",
}
#: What they are called in a sentence.
_PHRASES = {
    records.DROPPED: "real data with modes removed",
    records.NOISY: "real data with noise",
    records.COPIED: "copies of training data",
    records.UNTRAINED: "the untrained generator",
}
#: How a cell shows its verdict beside the number, and its CSS class.
_MARKS = {
    REFERENCE: ("", ""),
    RIGHT: (" ok", ""),
    WRONG: (" wrong", "bad"),
    BLIND: (" (need not)", "quiet"),
    UNDIRECTED: ("", "quiet"),
}


def controls(parts: Parts, statistics: Statistics) -> None:
    """Show a figure and a table for each dataset."""
    for dataset, table in statistics.controls.groupby("dataset", sort=False):
        name = str(dataset)
        parts.draw(
            "controls",
            f"controls-{name}",
            f"{name}: where known samples stand",
            "0 is held-out real data, 1 the farthest control that the metric must see; linear "
            "to ±0.01, then logarithmic, and what lies beyond 3 stands at the edge. The bar at 0 "
            "is the range of real data over "
            f"n = {span(table.loc[table['control'] == records.REAL, 'n'])} replicates. Hollow: "
            "controls that the metric need not see.",
            places(table, {control: control_name(control) for control in set(table["control"])}),
        )
        parts.show(
            "controls",
            f"{name}: what each metric says of known samples",
            f"Means over n = {span(table.loc[table['n'] > 0, 'n'])} replicates, no interval; in "
            "brackets the smallest and largest of real data. ok: behind real data, as it must "
            "be; wrong: not behind; need not: the metric measures something else.",
            "controls",
            view(table),
        )


def sentences(table: pd.DataFrame) -> list[str]:
    """Return how many orderings are as they should be, and every exception by name."""
    judged = table[table["verdict"].isin((RIGHT, WRONG))]
    if table.empty:
        return []
    right = int((judged["verdict"] == RIGHT).sum())
    said = [
        f"{right} of {counted(len(judged), 'ordering')} "
        f"{'is' if len(judged) == 1 else 'are'} as they should be."
    ]
    wrong = judged[judged["verdict"] == WRONG]
    if len(wrong):
        said.append(f"Not so: {enumerated([_ordering(row) for row in rows_of(wrong)])}.")
    unchecked = _unchecked(table)
    if unchecked:
        said.append(f"Not checked: {enumerated(unchecked)}.")
    return said


def control_name(control: str) -> str:
    """Return what a control is called; one that is not known has its own name."""
    return NAMES.get(control, control)


def _ordering(row: dict[str, Any]) -> str:
    behind = _PHRASES.get(row["control"], row["control"])
    where = row["dataset"] + (f" · {row['architecture']}" if row["architecture"] else "")
    return (
        f"{label(row['metric'])} does not put real data before {behind} "
        f"({where}, {row['protocol']})"
    )


def _unchecked(table: pd.DataFrame) -> list[str]:
    """Return metrics with a direction of which no ordering could be judged, with their dataset."""
    found = []
    for (dataset, protocol, metric), rows in table.groupby(
        ["dataset", "protocol", "metric"], sort=False
    ):
        verdicts = set(rows["verdict"])
        if not verdicts & {RIGHT, WRONG, UNDIRECTED}:
            found.append(f"{label(str(metric))} ({dataset}, {protocol})")
    return found


def view(table: pd.DataFrame) -> View:
    """Show one dataset of :func:`bench.analysis.controls.controls`, a row a metric."""
    heads = table[["control", "architecture"]].drop_duplicates().itertuples(index=False, name=None)
    columns = list(heads)
    rows = []
    for (protocol, metric), part in table.groupby(["protocol", "metric"], sort=False):
        cells = {(row["control"], row["architecture"]): row for row in rows_of(part)}
        rows.append(
            [
                Entry(label(str(metric)), str(metric)),
                Entry(str(protocol), str(protocol), "quiet narrow"),
                *(_cell(cells[column]) for column in columns),
            ]
        )
    names = ["metric", "protocol", *_heads(columns)]
    return View(names, [False, False] + [True] * len(columns), rows)


def _heads(columns: Sequence[tuple[str, str]]) -> list[str]:
    """Return the names of controls, with the architecture where there are several."""
    several = len({architecture for _, architecture in columns if architecture}) > 1
    return [
        control_name(control) + (f", {architecture}" if several and architecture else "")
        for control, architecture in columns
    ]


def _cell(row: dict[str, Any]) -> Entry:
    if row["verdict"] == UNMEASURED:
        return Entry(UNMEASURED, key(row["mean"]), "quiet")
    suffix, mark = _MARKS[row["verdict"]]
    text = number(row["mean"])
    if row["control"] == records.REAL and row["n"] > 1:
        text += f" [{number(row['low'])},\u00a0{number(row['high'])}]"
        mark = f"{mark} narrow".strip()
    return Entry(text + suffix, key(row["mean"]), mark)
