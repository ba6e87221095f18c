"""The section on calibration: what discriminators say of known pairs, beside the truth."""

from __future__ import annotations

import numpy as np

from bench.analysis import pulls
from bench.report import calibration_figures as figures
from bench.report import calibration_text as texts
from bench.report import calibration_views as views
from bench.report.formats import percent, span
from bench.report.headline import enumerated
from bench.report.parts import Parts
from bench.report.statistics import Statistics

_SECTION = "calibration"
#: The pair whose line is drawn, the first that is there; else the first bounded one.
_DRAWN = ("shift-bounded-1d", "rotated-bounded-2d")


def calibration(parts: Parts, statistics: Statistics) -> None:
    """Show estimates beside the truth, discriminators beside their optima, and pulls."""
    if len(statistics.calibration.readings):
        _judged(parts, statistics)
        _beside_truth(parts, statistics)
        _along_the_line(parts, statistics)
        _critics(parts, statistics)
    _pulls(parts, statistics)


def _judged(parts: Parts, statistics: Statistics) -> None:
    """Show relative errors and the verdicts, best first within a target."""
    first, table = statistics.calibration.first, statistics.calibration.summary
    table = table.sort_values(["target", "worst"], kind="stable", na_position="last")
    order = [name for name in table["variant"] if name in set(first["variant"])]
    infinite = int(np.isinf(first["truth"]).sum())
    error = (first["error"] / first["truth"]).max()
    parts.draw(
        _SECTION,
        "calibration-errors",
        "How far estimates are from the truth",
        f"One dot a pair of distributions, n = {span(first['seeds'])} seed; there is no interval. "
        "The grey band is the target, which is about all pairs for W₁ and about filled dots for "
        f"all others; standard errors over held-out points are up to {percent(error)} of the truth."
        + (f" Without a dot: {infinite} of infinite truth." if infinite else ""),
        figures.relative_errors(first, order, statistics.colours),
    )
    parts.show(
        _SECTION,
        "Which variants reach the target",
        f"|estimate/truth − 1| over the pairs that the target is about, n = "
        f"{span(first['seeds'])} seed; a pair that diverged counts as missed. Above the truth: "
        "pairs where a lower bound exceeds it by more than three standard errors.",
        "calibration-summary",
        views.summary(table, statistics.colours),
    )
    parts.save("calibration-summary", statistics.calibration.summary)


def _beside_truth(parts: Parts, statistics: Statistics) -> None:
    first, read = statistics.calibration.first, statistics.calibration.readings
    lost = int((np.isfinite(first["truth"]) & ~(first["value"] > 0)).sum())
    if (np.isfinite(first["truth"]) & (first["value"] > 0)).any():
        parts.draw(
            _SECTION,
            "calibration-truth",
            "Estimates against true values",
            "One panel a divergence and one dot a variant and pair, both axes logarithmic; on the "
            "line both are equal."
            + (f" Without a dot: {lost} that diverged or are not positive." if lost else ""),
            figures.against_truth(first, statistics.colours),
            fold=True,
        )
    parts.show(
        _SECTION,
        "Every variant and pair",
        "± is the standard error over held-out points, not over trainings. Error: estimate/truth "
        "− 1; in red where it misses the target, grey where no target is about the pair.",
        "calibration-pairs",
        views.readings(read, statistics.colours),
        fold=True,
    )
    parts.save("calibration-pairs", read)


def _along_the_line(parts: Parts, statistics: Statistics) -> None:
    lines = statistics.calibration.outputs
    if lines.empty:
        return
    bounded = statistics.calibration.readings.query("bounded")["pair"]
    known = set(lines["pair"])
    pair = next((name for name in (*_DRAWN, *bounded) if name in known), lines["pair"].iloc[0])
    mine = lines[lines["pair"] == pair]
    for column in ("depth", "seed"):
        mine = mine[mine[column] == mine.groupby("variant")[column].transform("first")]
    found = set(mine["variant"])
    order = [name for name in statistics.results.manifest["variants"] if name in found]
    parts.draw(
        _SECTION,
        "calibration-outputs",
        "Discriminators and their optima",
        f"Along the line of the pair {pair}, one discriminator each (n = 1 seed). An output that "
        "matters only up to a constant is moved to the optimum’s mean; vertical scales differ, and "
        "variants whose optimum has no closed form are left out.",
        figures.outputs(mine, order, statistics.colours),
        fold=True,
    )
    parts.save("calibration-outputs", mine)


def _critics(parts: Parts, statistics: Statistics) -> None:
    """Show the Wasserstein critics: gaps, slopes, and what clipping does to them."""
    table, clipped = statistics.calibration.wasserstein, statistics.calibration.clipping
    if len(clipped):
        count = span(clipped["pairs"])
        parts.draw(
            _SECTION,
            "calibration-clipping",
            "What clipping makes of W₁",
            f"Gap/W₁ of critics with clipped weights: median over n = {count} pairs, bars "
            "from the smallest to the largest. Arjovsky et al. 2017 say that it is a "
            "constant that depends on the clipping.",
            figures.clipping(clipped),
            points=texts.clipping(clipped),
        )
        parts.show(
            _SECTION,
            "The factor of clipped critics",
            "Medians over pairs; those that compare two clip constants or depths over the ratios "
            "on each pair.",
            "calibration-clipping",
            views.clipping(clipped, statistics.colours),
            fold=True,
        )
        parts.save("calibration-clipping", clipped)
    if len(table):
        parts.show(
            _SECTION,
            "Gaps and slopes of Wasserstein critics",
            "Gap: E D over p minus E D over q, on held-out points. Mean slope: mean gradient norm "
            "between samples; largest: of all that were found, a lower bound of the Lipschitz "
            "constant.",
            "calibration-wasserstein",
            views.wasserstein(table, statistics.colours),
            fold=True,
        )
        parts.save("calibration-wasserstein", table)


def _pulls(parts: Parts, statistics: Statistics) -> None:
    table = statistics.calibration.pulls
    if table.empty:
        return
    told, behaviour = pulls.told(statistics.results), pulls.behaviour(table)
    flat = behaviour[(behaviour["against"] == pulls.DISTANCE) & (behaviour["character"] == "zero")]
    zero = enumerated(list(flat["variant"])) if len(flat) else ""
    parts.draw(
        _SECTION,
        "calibration-pulls",
        "How strongly a generator is pulled",
        "Computed from the objectives’ code, without training: left the gradient’s size in a "
        "sample’s logit, right its root mean square over N(θ, 1) under the optimal discriminator. "
        "All other variants are grey."
        + (
            f" Zero, and not on a logarithmic axis, as the optimum is a step: {zero}."
            if zero
            else ""
        ),
        figures.pulls(table, told),
        points=texts.pulls(behaviour, told),
    )
    parts.save("calibration-pulls", table)
    parts.save("calibration-behaviour", behaviour)
