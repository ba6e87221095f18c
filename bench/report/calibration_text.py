"""What the page says of a calibration, in sentences made from its numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from bench.analysis.calibration import Calibration
from bench.analysis.pulls import DISTANCE, LOGIT
from bench.report.formats import number, percent, span, target, two, whole
from bench.report.headline import counted, enumerated

#: A list of variants is cut after so many.
_NAMED = 6
#: A factor that is the same on all pairs within this share is called so.
_SAME = 0.1
#: A power is about the number of matrices if it is off by no more.
_LIKE = 0.3
_CHARACTERS = {
    "zero": "is zero",
    "constant": "is constant",
    "vanishes": "vanishes",
    "explodes": "explodes",
    "linear": "grows linearly",
    "stays": "stays within a factor of two",
    "grows": "grows",
    "falls": "falls",
}


def counts(manifest: Mapping[str, Any], calibration: Calibration) -> str:
    """Return what was trained, and how long."""
    settings = manifest["settings"].get("calibration") or {}
    read = calibration.readings
    parts = [
        counted(len(manifest["variants"]), "variant"),
        counted(read["pair"].nunique(), "pair") + " of known distributions",
    ]
    if settings:
        parts.append(counted(len(settings["seeds"]), "seed"))
        special = ", unless its settings say otherwise" if settings["per_variant"] else ""
        parts.append(
            f"{whole(settings['steps'])} steps of {whole(settings['batch_size'])} samples of each "
            f"distribution a discriminator{special}"
        )
    return "Discriminators alone, without a generator: " + ", ".join(parts)


def findings(calibration: Calibration) -> list[str]:
    """Return how many variants reach their targets, which do not, and what else stands out."""
    table = calibration.summary
    sentences = []
    judged = table[table["pairs"] > 0]
    for share in sorted(judged["target"].unique()):
        part = judged[judged["target"] == share]
        full = int((part["reached"] == part["pairs"]).sum())
        sentences.append(
            f"Within {target(share)} of the truth on every pair that this target is about "
            f"({span(part['pairs'])}): {full} of {counted(len(part), 'variant')}."
        )
        missed = part[part["reached"] < part["pairs"]].sort_values("worst", ascending=False)
        if len(missed):
            sentences.append(f"Farthest off at the worst: {_list(_missed(missed))}.")
    if len(judged):
        sentences += [*_direction(calibration), *_uneven(table), _above(calibration)]
    sentences += _unbounded(calibration)
    for verdict, part in table[table["pairs"] == 0].groupby("verdict", sort=False):
        sentences.append(f"Not judged ({verdict}): {_list(list(part['variant']))}.")
    return sentences


def _missed(rows: pd.DataFrame) -> list[str]:
    named = []
    for row in rows.to_dict("records"):
        lost = np.isinf(row["worst"])
        far = "diverged" if lost else percent(row["worst_relative"], sign=True)
        named.append(f"{row['variant']} ({far} on {row['worst_pair']})")
    return named


def _direction(calibration: Calibration) -> list[str]:
    first = calibration.first
    missed = first[first["judged"] & ~first["reached"] & (first["status"] == "ok")]
    if missed.empty:
        return []
    low = int((missed["relative"] < 0).sum())
    return [f"Of {counted(len(missed), 'estimate')} that miss, {low} are too low."]


def _uneven(table: pd.DataFrame) -> list[str]:
    """Say how even the slopes of the critics are that miss W₁; the best one's slope is one."""
    part = table[(table["divergence"].astype(str).str.startswith("1-Wasserstein"))]
    part = part[(part["reached"] < part["pairs"]) & part["evenness"].notna()]
    if part.empty:
        return []
    return [
        f"In variants that miss W₁, a critic’s mean slope is {_range(part['evenness'])} of its "
        "largest (median over pairs); the optimal critic’s slope is the same wherever mass moves."
    ]


def _above(calibration: Calibration) -> str:
    table = calibration.summary
    over = table[table["above"] > 0]
    if over.empty:
        return (
            "No estimate that theory knows as a lower bound exceeds the truth by more than error."
        )
    named = [
        f"{name} ({counted(pairs, 'pair')})"
        for name, pairs in zip(over["variant"], over["above"], strict=True)
    ]
    bounded = calibration.first[calibration.first["above"].astype(bool)]["bounded"].any()
    why = (
        ""
        if bounded
        else " There the density ratio is unbounded: rare points carry the mean, and neither the "
        "estimate nor its error has seen them."
    )
    return f"Above the truth although theory says at most: {_list(named)}.{why}"


def _unbounded(calibration: Calibration) -> list[str]:
    first = calibration.first
    rows = first[~first["judged"].astype(bool) & np.isfinite(first["relative"].astype(float))]
    infinite = int(np.isinf(first["truth"].astype(float)).sum())
    sentences = []
    if len(rows):
        errors = rows["relative"].abs()
        worst = rows.loc[errors == errors.max()].iloc[0]
        sentences.append(
            f"Where the density ratio is unbounded, which no target is about, the error has median "
            f"{percent(errors.median())} and is largest for {worst['variant']} on {worst['pair']} "
            f"({percent(worst['relative'], sign=True)})."
        )
    if infinite:
        sentences.append(
            f"The truth is infinite for {infinite} of {counted(len(first), 'estimate')}, which "
            "have no error."
        )
    return sentences


def clipping(table: pd.DataFrame) -> list[str]:
    """Return what the factors of clipped critics say of the claim that they are constant."""
    spread = table.loc[table["pairs"] > 1, "spread"]
    sentences = []
    if len(spread):
        same = "the same" if spread.max() <= 1 + _SAME else "not the same"
        sentences.append(
            f"At one clip constant and depth the factor is {same} on all pairs: the largest is "
            f"{_range(spread)} times the smallest."
        )
    layers = table[table["per_layer"].notna()].groupby("clip")["per_layer"].median()
    if len(layers):
        by = [f"{two(value)} (clip {clip:g})" for clip, value in layers.items()]
        sentences.append(f"A further hidden layer multiplies it by {enumerated(by)}.")
    powers = table[table["exponent"].notna()].groupby("depth")["exponent"].median()
    if len(powers):
        by = [f"{two(value)} (depth {depth})" for depth, value in powers.items()]
        matrices = powers.index.to_numpy(float) + 1
        like = np.abs(powers.to_numpy() - matrices).max() <= _LIKE
        sentences.append(
            f"It grows as the clip constant to the power {enumerated(by)}, which is "
            f"{'about' if like else 'not'} the number of clipped matrices that the network "
            "multiplies, one more than its depth."
        )
    return sentences


def pulls(behaviour: pd.DataFrame, told: Sequence[str]) -> list[str]:
    """Return a sentence a variant on what its generator's gradient does."""
    sentences = []
    for name in told:
        mine = behaviour[behaviour["variant"] == name].to_dict("records")
        rows = {row["against"]: row for row in mine}
        parts = []
        if LOGIT in rows:
            row = rows[LOGIT]
            where = f"from logit 0 to {_place(row['end_at'])}, where a sample is found out,"
            parts.append(f"{where} the pull {_course(row)}")
        if DISTANCE in rows:
            row = rows[DISTANCE]
            where = f"from θ = {_place(row['start_at'])} to {_place(row['end_at'])}"
            parts.append(f"{where} it {_course(row)}")
        sentences.append(f"{name}: {'; '.join(parts)}.")
    return sentences


def _course(row: Mapping[Any, Any]) -> str:
    text = _CHARACTERS[row["character"]]
    if row["character"] == "zero":
        return text
    if row["character"] == "constant":
        return f"{text} ({_size(row['start'])})"
    return f"{text} ({_size(row['start'])} to {_size(row['end'])})"


def _place(value: float) -> str:
    return f"{value:g}".replace("-", "−")


def _size(value: float) -> str:
    return f"{value:.0f}" if value > 0.5 and abs(value - round(value)) < 1e-3 else number(value)


def _range(values: pd.Series[Any]) -> str:
    low, high = two(values.min()), two(values.max())
    return low if low == high else f"{low} to {high}"


def _list(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return enumerated([*names[:_NAMED], f"{more} more"] if more > 1 else names)
