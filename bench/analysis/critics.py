"""What Wasserstein critics say of known pairs: gaps, slopes, and what clipping makes of both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from bench.analysis.results import Results

#: How the divergence of such a critic's objective is called, possibly with an addition.
WASSERSTEIN = "1-Wasserstein distance"
#: What names a row of a calibration.
KEYS = ["variant", "divergence", "depth", "pair"]


def wasserstein(read: pd.DataFrame) -> pd.DataFrame:
    """Return one row a variant, depth and pair of those that estimate the 1-Wasserstein distance.

    ``w1`` is the truth; ``gap`` is E_p D − E_q D, also divided by the mean slope and by the
    largest one (``gap_per_mean``, ``gap_per_max``); ``_ratio`` is each of the three over ``w1``.
    """
    rows = read[read["divergence"].astype(str).str.startswith(WASSERSTEIN)]
    table = rows.rename(columns={"truth": "w1"}).reset_index(drop=True)
    table["gap_per_mean"] = table["gap"] / table["mean_slope"]
    table["gap_per_max"] = table["gap"] / table["max_slope"]
    for name in ("gap", "gap_per_mean", "gap_per_max"):
        table[f"{name}_ratio"] = table[name] / table["w1"]
    ratios = ["gap_ratio", "gap_per_mean_ratio", "gap_per_max_ratio"]
    slopes = ["gap", "mean_slope", "max_slope", "gap_per_mean", "gap_per_max"]
    return table[[*KEYS, "seeds", "status", "w1", *slopes, *ratios, "value", "relative"]]


def clipping(results: Results, distances: pd.DataFrame) -> pd.DataFrame:
    """Return one row a clip constant and depth: the factor between a clipped critic's gap and W₁.

    ``factor`` is the median over ``pairs`` of gap/W₁, ``low`` and ``high`` are its extremes, and
    ``spread`` is high/low: one on all pairs for a factor that depends on the clipping alone
    (Arjovsky et al. 2017, section 3). ``per_layer`` is by how much a further hidden layer
    multiplies the factor, from the next smaller depth; ``per_clip`` by how much the step from the
    next smaller clip constant (``clip_step`` times smaller) does, and ``exponent`` is the power of
    the clip constant that this stands for. All are medians over the pairs of both.
    """
    clips = {name: _clip(about) for name, about in results.manifest["variants"].items()}
    rows = distances.assign(clip=distances["variant"].map(clips).astype(float))
    rows = rows[rows["clip"].notna() & (rows["status"] == "ok")]
    # Another variant with the same constant differs by something else.
    rows = rows.drop_duplicates(["clip", "depth", "pair"])
    cells = rows[["clip", "depth"]].drop_duplicates().sort_values(["clip", "depth"])
    by = {
        (clip, depth): rows[(rows["clip"] == clip) & (rows["depth"] == depth)].set_index("pair")
        for clip, depth in zip(cells["clip"].tolist(), cells["depth"].tolist(), strict=True)
    }
    found = []
    for (clip, depth), part in by.items():
        factors = part["gap_ratio"]
        below = [d for c, d in by if c == clip and d < depth]
        smaller = [c for c, d in by if d == depth and c < clip]
        row: dict[str, Any] = {
            "variant": part["variant"].iloc[0], "clip": clip, "depth": depth, "pairs": len(part),
            "factor": factors.median(), "low": factors.min(), "high": factors.max(),
            "spread": factors.max() / factors.min() if factors.min() > 0 else np.inf,
        }  # fmt: skip
        if below:
            growth = (factors / by[clip, max(below)]["gap_ratio"]).median()
            row["per_layer"] = growth ** (1 / (depth - max(below)))
        if smaller:
            row["clip_step"] = clip / max(smaller)
            row["per_clip"] = (factors / by[max(smaller), depth]["gap_ratio"]).median()
            row["exponent"] = np.log(row["per_clip"]) / np.log(row["clip_step"])
        found.append(row)
    columns = ["variant", "clip", "depth", "pairs", "factor", "low", "high", "spread"]
    return pd.DataFrame(found, columns=[*columns, "per_layer", "clip_step", "per_clip", "exponent"])


def _clip(about: Mapping[str, Any]) -> float:
    """Return the clip constant, of the objective or of the technique; NaN if there is none."""
    technique = about.get("techniques", {}).get("weight-clipping", {}).get("settings", {})
    return float((about["hyperparameters"] | technique).get("clip", np.nan))
