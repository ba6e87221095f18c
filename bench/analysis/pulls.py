"""How a generator's gradient behaves where it matters, told from its sizes alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from bench.analysis.critics import WASSERSTEIN
from bench.analysis.results import Results

#: What a pull is taken against.
LOGIT, DISTANCE = "logit", "distance"
#: Objectives whose generator losses are told apart by name, where a study has them; all
#: Wasserstein losses pull alike, so that the first stands for them.
TELLING = ("minimax", "non-saturating", "maximum-likelihood", "least-squares", "hinge")

#: A pull vanishes if it falls from its peak by such a factor, and explodes if it grows so.
_FACTOR = 100.0
#: It stays if its sizes differ by no more than such a factor, is constant within 1 %, and is
#: linear if its power of θ is one within 0.1.
_STAYS, _CONSTANT, _LINEAR = 2.0, 1.01, 0.1


def told(results: Results) -> list[str]:
    """Return the variants to tell apart, in the study's order: one an objective, plain if it can.

    They are those of :data:`TELLING`, and the first that estimates the 1-Wasserstein distance.
    """
    pulls = results.calibration.get("pulls")
    known = set() if pulls is None else set(pulls["variant"])
    found: dict[str, str] = {}
    about = {name: it for name, it in results.manifest["variants"].items() if name in known}
    for name, it in sorted(about.items(), key=lambda item: bool(item[1].get("techniques"))):
        wasserstein = str(it["divergence"]).startswith(WASSERSTEIN)
        if wasserstein or it["objective"] in TELLING:
            found.setdefault("wasserstein" if wasserstein else it["objective"], name)
    return [name for name in about if name in found.values()]


def behaviour(pulls: pd.DataFrame) -> pd.DataFrame:
    """Return one row a variant and ``against``: the pull's size at both ends, and its character.

    Against the logit, from ``start_at`` = 0 to the lowest, of samples that are surely found out;
    against the distance, from θ = 1 to the largest. ``start`` and ``end`` are the sizes there and
    ``peak`` the largest between. ``power`` is the slope of log size against log θ over the larger
    half of the distances, NaN for logits. ``character`` is ``zero`` all along, ``constant``,
    ``vanishes`` (to a hundredth of its peak), ``explodes`` (by a factor of 100), ``linear`` in θ,
    ``stays`` (within a factor of two), ``grows`` or ``falls``.
    """
    rows = []
    for (variant, against), part in pulls.groupby(["variant", "against"], sort=False):
        line = part.set_index("at")["size"].sort_index()
        line = line[:0.0][::-1] if against == LOGIT else line[1.0:]
        if line.empty:
            continue
        places = line.index.to_numpy(float)
        row = {
            "start_at": places[0],
            "end_at": places[-1],
            "start": line.iloc[0],
            "end": line.iloc[-1],
            "peak": line.max(),
            "power": _power(line) if against == DISTANCE else np.nan,
        }
        character = _character(line, row["power"])
        rows.append({"variant": variant, "against": against, **row, "character": character})
    names = ["start_at", "end_at", "start", "end", "peak", "power", "character"]
    return pd.DataFrame(rows, columns=["variant", "against", *names])


def _power(line: pd.Series[Any]) -> float:
    upper = line[line.index.to_numpy(float) >= line.index.max() / 2]
    if len(upper) < 2 or not (upper > 0).all():
        return float("nan")
    return float(np.polyfit(np.log(upper.index.to_numpy(float)), np.log(upper), 1)[0])


def _character(line: pd.Series[Any], power: float) -> str:
    start, end, low, peak = line.iloc[0], line.iloc[-1], line.min(), line.max()
    if peak == 0:
        return "zero"
    if peak <= _CONSTANT * low:
        return "constant"
    if end <= peak / _FACTOR:
        return "vanishes"
    if 0 < start <= end / _FACTOR:
        return "explodes"
    if abs(power - 1) <= _LINEAR:
        return "linear"
    if peak <= _STAYS * low:
        return "stays"
    return "grows" if end > start else "falls"
