"""Published numbers beside ours: the difference, its interval, and whether both agree."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from bench.analysis.intervals import LEVEL, difference_interval
from bench.analysis.outcomes import outcomes, summary
from bench.analysis.published.entries import Entry, load
from bench.analysis.results import CELL, Results

#: Verdicts on a published number: the interval of the difference covers 0, and is narrow enough to
#: say something; it does not; it is too wide, or there is none; no variant of the study is the
#: method; the variant has left no such number.
AGREES, DIFFERS, UNCERTAIN = "agrees", "differs", "too uncertain"
NOT_RUN, NO_RESULT = "not run", "no result"

_COLUMNS = [
    *("source", "dataset", "architecture", "method", "variant", "metric", "protocol"),
    *("published", "published_error", "error_kind", "published_n", "published_half_width"),
    *("mean", "half_width", "n", "diverged", "difference", "low", "high", "verdict"),
    *("steps", "published_steps", "published_budget", "budget"),
    *("note", "measured", "provenance"),
]
_PLACE = ["source", "dataset", "architecture"]


def compare(results: Results, entries: Iterable[Entry] | None = None) -> pd.DataFrame:
    """Return one row a published number and variant that is its method, at the last snapshot.

    A number matches by dataset and architecture (also under a name that the study gives them),
    metric, protocol and the variant's definition. All numbers of a paper's dataset
    and architecture are there as soon as one of its methods has a run in the study: those of other
    methods are ``not run``.

    Columns beside what names both: ``published`` with ``published_error`` (of ``error_kind``) and
    ``published_half_width``, a 95 % interval made from it; ``mean``, ``half_width`` (t interval),
    ``n`` and ``diverged`` of ours; ``difference`` (ours minus theirs) with ``low`` and ``high``
    (:func:`~bench.analysis.intervals.difference_interval`); ``verdict``; generator ``steps`` of
    both, ``published_budget`` in words, and ``budget``, our steps over theirs; ``note``, what else
    differs or limits the comparison.

    A difference agrees if its interval covers 0 and is no wider, to each side, than the published
    numbers of the same table lie apart (of a number that stands alone: than its own size): a wider
    one could not tell the table's best method from its worst.

    Args:
        results: The study.
        entries: Published numbers; by default all that the package has.
    """
    published = list(load() if entries is None else entries)
    placed = [(entry, place) for entry in published for place in _places(results, entry)]
    if not placed:
        return pd.DataFrame(columns=_COLUMNS)
    apart = _apart(published)
    cells = summary(outcomes(results))
    rows = [
        _row(entry, cell, _ours(results, cells, entry, cell), apart[_table(entry)])
        for entry, place in placed
        for cell in [(*place, name) for name in _matches(results, entry, place) or [""]]
    ]
    table = pd.DataFrame(rows)[_COLUMNS]
    run = table.groupby(_PLACE, sort=False)["verdict"].transform(lambda v: (v != NOT_RUN).any())
    return table[run.astype(bool)].reset_index(drop=True)


def _places(results: Results, entry: Entry) -> list[tuple[str, str]]:
    """Return the (dataset, architecture) of the study in which an entry's runs would be."""
    settings = results.manifest.get("settings", {})
    trained = dict.fromkeys(
        (run["dataset"], run["architecture"]) for run in results.manifest["runs"]
    )
    wanted = entry.dataset, entry.architecture
    return [
        place
        for place in trained
        if (_plugin(settings, "dataset", place[0]), _plugin(settings, "architecture", place[1]))
        == wanted
    ]


def _matches(results: Results, entry: Entry, place: tuple[str, str]) -> list[str]:
    """Return the variants that are an entry's method and have runs in a place."""
    ran = {
        run["variant"]
        for run in results.manifest["runs"]
        if (run["dataset"], run["architecture"]) == place
    }
    return [
        name
        for name, about in results.manifest["variants"].items()
        if name in ran and any(spelling.describes(about) for spelling in entry.spellings)
    ]


def _ours(
    results: Results, cells: pd.DataFrame, entry: Entry, cell: tuple[str, str, str]
) -> dict[str, Any]:
    """Return our side of a row: mean, half width, n, protocol, steps."""
    steps = [
        run["steps"]
        for run in results.manifest["runs"]
        if tuple(run[name] for name in CELL) == cell and run["steps"] is not None
    ]
    mine = cells[(cells[CELL] == list(cell)).all(axis=1)]
    chosen = [entry.measures(*pair) for pair in mine[["metric", "protocol"]].to_numpy()]
    found = mine[np.asarray(chosen, bool)]
    nothing = {"protocol": "", "mean": np.nan, "half_width": np.nan, "n": 0, "diverged": 0}
    common = {
        "steps": float(np.mean(steps)) if steps else np.nan,
        "changed": _changed(results.manifest.get("settings", {}), cell),
    }
    if found.empty:
        return {**nothing, **common}
    row = found.iloc[0]
    return {
        "protocol": row["protocol"],
        "mean": float(row["last"]),
        "half_width": float(row["last_half_width"]),
        "n": int(row["n"]),
        "diverged": int(row["diverged"]),
        **common,
    }


def _row(
    entry: Entry, cell: tuple[str, str, str], ours: Mapping[str, Any], apart: float
) -> dict[str, Any]:
    mean, n = ours["mean"], ours["n"]
    # The half width is t·s/√n: the standard error is what is left without t.
    error = ours["half_width"] / stats.t.ppf((1 + LEVEL) / 2, n - 1) if n >= 2 else np.nan
    theirs = np.inf if np.isnan(entry.n) else entry.n
    low, high = difference_interval((mean, entry.value), (error, entry.standard_error), (n, theirs))
    half = stats.t.ppf((1 + LEVEL) / 2, max(theirs - 1, 1)) * entry.standard_error
    notes = [
        *([f"theirs is {entry.selection}"] if entry.selection else []),
        *(["their error is not known"] if np.isnan(entry.error) else []),
        *([f"{ours['diverged']} of {n} runs diverged"] if ours["diverged"] else []),
        *ours["changed"],
    ]
    return {
        "source": entry.source,
        "method": entry.method,
        **dict(zip(CELL, cell, strict=True)),
        "metric": entry.metric,
        "protocol": ours["protocol"],
        "published": entry.value,
        "published_error": entry.error,
        "error_kind": entry.kind,
        "published_n": entry.n,
        "published_half_width": half if np.isfinite(entry.error) else np.nan,
        **{name: ours[name] for name in ("mean", "half_width", "n", "diverged", "steps")},
        "difference": mean - entry.value,
        "low": low,
        "high": high,
        "verdict": _verdict(cell[-1], mean - entry.value, low, high, apart),
        "published_steps": entry.steps,
        "published_budget": entry.budget,
        "budget": ours["steps"] / entry.steps,
        "note": "; ".join(notes),
        "measured": entry.measured,
        "provenance": entry.provenance,
    }


def _verdict(variant: str, difference: float, low: float, high: float, apart: float) -> str:
    if not variant:
        return NOT_RUN
    if np.isnan(difference):
        return NO_RESULT
    if np.isinf(difference):
        return DIFFERS
    if np.isnan(low):
        return UNCERTAIN
    if not low <= 0 <= high:
        return DIFFERS
    return AGREES if (high - low) / 2 <= apart else UNCERTAIN


def _table(entry: Entry) -> tuple[str, str, str, str]:
    return entry.source, entry.dataset, entry.architecture, entry.metric


def _apart(entries: Sequence[Entry]) -> dict[tuple[str, str, str, str], float]:
    """Return how far apart the published numbers of each table lie."""
    values: dict[tuple[str, str, str, str], list[float]] = {}
    for entry in entries:
        values.setdefault(_table(entry), []).append(entry.value)
    return {key: float(np.ptp(found)) or abs(found[0]) for key, found in values.items()}


def _plugin(settings: Mapping[str, Any], kind: str, name: str) -> str:
    """Return which dataset or architecture has a name of its own in the study."""
    own: str = settings.get(f"{kind}_settings", {}).get(name, {}).get(kind, name)
    return own


def _changed(settings: Mapping[str, Any], cell: tuple[str, str, str]) -> list[str]:
    """Return which settings of the data and the networks the study changes."""
    found = []
    for kind, name in (("dataset", cell[0]), ("architecture", cell[1])):
        own = settings.get(f"{kind}_settings", {}).get(name, {})
        given = [f"{key} {value}" for key, value in own.items() if key != kind]
        if given:
            found.append(f"{kind} with {', '.join(given)}")
    return found
