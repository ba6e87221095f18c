"""The tables of a calibration as the page shows them."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd

from bench.report.formats import DASH, estimate, number, percent, short, target
from bench.report.views import Entry, View, key, named, plain, rows_of


def summary(table: pd.DataFrame, colours: Mapping[str, str]) -> View:
    """Show :func:`bench.analysis.calibration.summary`; the verdict says what no number does."""
    rows = []
    for row in rows_of(table):
        name = row["divergence"] if isinstance(row["divergence"], str) else ""
        estimated = Entry(short(name) or "none known", name, "narrow")
        if not row["pairs"]:
            nothing = [Entry(DASH, key(math.nan)) for _ in range(5)]
            why = Entry(row["verdict"], row["verdict"], "narrow quiet")
            rows.append([named(row["variant"], colours), estimated, *nothing, why])
            continue
        above, diverged = row["above"], row["diverged"]
        remark = "; ".join(
            [
                *([f"above the truth on {above}"] if above else []),
                *([f"diverged on {diverged}"] if diverged else []),
            ]
        )
        reason = row["reason"] if isinstance(row["reason"], str) else ""
        mark = "narrow bad" if remark else "narrow quiet"
        remark = "; ".join(part for part in (remark, reason) if part)
        full = row["reached"] == row["pairs"]
        rows.append(
            [
                named(row["variant"], colours),
                estimated,
                Entry(target(row["target"]), key(row["target"])),
                Entry(f"{row['reached']} of {row['pairs']}", row["share"], "tied" if full else ""),
                Entry(percent(row["worst"]), key(row["worst"])),
                Entry(row["worst_pair"], row["worst_pair"]),
                Entry(percent(row["median"]), key(row["median"])),
                Entry(remark or DASH, remark, mark),
            ]
        )
    columns = ["variant", "estimates", "target", "within", "worst", "on", "median", "remark"]
    return View(columns, [index in (2, 3, 4, 6) for index in range(len(columns))], rows)


def readings(table: pd.DataFrame, colours: Mapping[str, str]) -> View:
    """Show :func:`bench.analysis.calibration.readings`."""
    rows = []
    for row in rows_of(table):
        lost = row["status"] != "ok"
        value = "diverged" if lost else estimate(row["value"], row["error"])
        finite = np.isfinite(row["relative"])
        missed = row["judged"] and not row["reached"]
        rows.append(
            [
                named(row["variant"], colours),
                Entry(str(row["depth"]), int(row["depth"])),
                Entry(row["pair"], row["pair"]),
                Entry(number(row["truth"]), key(row["truth"])),
                Entry(value, key(row["value"]), "bad" if lost else ""),
                Entry(
                    percent(row["relative"], sign=True) if finite else DASH,
                    key(row["relative"]),
                    "bad" if missed else "" if row["judged"] else "quiet",
                ),
                Entry(row["note"] or DASH, row["note"], "quiet"),
            ]
        )
    columns = ["variant", "hidden layers", "pair", "truth", "estimate", "error", "note"]
    return View(columns, [1 <= index <= 5 and index != 2 for index in range(7)], rows)


def wasserstein(table: pd.DataFrame, colours: Mapping[str, str]) -> View:
    """Show :func:`bench.analysis.calibration.wasserstein`."""
    rows = []
    for row in rows_of(table):
        entries = [
            named(row["variant"], colours),
            Entry(str(row["depth"]), int(row["depth"])),
            Entry(row["pair"], row["pair"]),
        ]
        for name in ("w1", "gap", "gap_per_mean", "gap_per_max"):
            entries.append(plain(row[name]))
        for name in ("gap_ratio", "gap_per_mean_ratio", "gap_per_max_ratio"):
            entries.append(plain(row[name]))
        rows.append([*entries, plain(row["value"])])
    columns = [
        "variant", "hidden layers", "pair", "W₁", "gap", "gap / mean slope", "gap / largest slope",
        "gap / W₁", "gap / mean slope / W₁", "gap / largest slope / W₁", "estimate",
    ]  # fmt: skip
    return View(columns, [index not in (0, 2) for index in range(len(columns))], rows)


def clipping(table: pd.DataFrame, colours: Mapping[str, str]) -> View:
    """Show :func:`bench.analysis.calibration.clipping`."""
    rows = []
    for row in rows_of(table):
        span = f"{number(row['low'])} to {number(row['high'])}"
        rows.append(
            [
                named(row["variant"], colours),
                *(Entry(f"{row[name]:g}", row[name]) for name in ("clip", "depth", "pairs")),
                plain(row["factor"]),
                Entry(span, row["low"]),
                *(plain(row[name]) for name in ("spread", "per_layer", "per_clip", "exponent")),
            ]
        )
    columns = [
        "variant", "clip", "hidden layers", "pairs", "gap / W₁, median", "from to",
        "largest / smallest", "times, a layer more", "times, from the next smaller clip",
        "power of the clip",
    ]  # fmt: skip
    return View(columns, [index != 0 for index in range(len(columns))], rows)
