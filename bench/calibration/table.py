"""One variant's calibration: what its discriminators say of known pairs, beside the truth.

Three tidy tables: ``estimates`` (a row a pair, depth and seed), ``outputs`` (a row a point on a
pair's line) and ``pulls`` (a row a place, of the generator's gradient).
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import groupby
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from bench.calibration.divergences import DIVERGENCES, alpha_divergence
from bench.calibration.field import pulls
from bench.calibration.fit import Reading, Settings, fit
from bench.calibration.pairs import PAIRS, Pair
from bench.calibration.quadrature import Truth
from bench.files import whole
from bench.game import Game
from bench.objectives.base import Objective

#: Points on a pair's line.
_POINTS = 121
#: A divergence that is known up to a factor only is put on the true scale by the critic's slope.
_FACTOR = ", up to a factor"
_COLUMNS = (
    *(
        "variant",
        "divergence",
        "lower_bound",
        "pair",
        "dimension",
        "bounded",
        "depth",
        "seed",
        "status",
    ),
    *("value", "error", "truth", "truth_error", "estimate", "gap", "mean_slope", "max_slope"),
    *("output_rmse", "seconds"),
)


def calibrate(
    variant: str, game: Game, settings: Mapping[str, Any], device: torch.device
) -> dict[str, pd.DataFrame]:
    """Return the three tables of one variant.

    Args:
        variant: Its name, for the rows.
        game: What it is.
        settings: The study's ``calibration`` section as it holds for this variant.
        device: Where to train.
    """
    pairs = [PAIRS[name] for name in settings["pairs"] or PAIRS]
    rows: list[dict[str, Any]] = []
    lines: list[dict[str, Any]] = []
    if truth(game.objective, pairs[0]) is not None:
        for depth in settings["depths"]:
            for seed in settings["seeds"]:
                for pair, reading, seconds in _readings(game, pairs, settings, depth, seed, device):
                    line = _line(game.objective, pair, reading)
                    row = _row(game.objective, pair, reading, line)
                    common = {"variant": variant, "depth": depth, "seed": seed}
                    rows.append({**common, **row, "seconds": seconds})
                    lines += [{**common, "pair": pair.name, **point} for point in line]
    columns = ["variant", "depth", "seed", "pair", "place", "output", "optimum", "weight"]
    return {
        "estimates": pd.DataFrame(rows, columns=list(_COLUMNS)),
        "outputs": pd.DataFrame(lines, columns=columns),
        "pulls": pd.DataFrame(
            [{"variant": variant, **asdict(pull)} for pull in pulls(game.objective)],
            columns=["variant", "against", "at", "size"],
        ),
    }


def write(tables: Mapping[str, pd.DataFrame], folder: Path) -> None:
    """Write the tables as ``<name>.parquet`` in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        with whole(folder / f"{name}.parquet") as temporary:
            table.to_parquet(temporary, index=False)


def truth(objective: Objective, pair: Pair) -> Truth | None:
    """Return the value of the divergence that an objective estimates, or None if not known."""
    if objective.divergence is None:
        return None
    name = objective.divergence.removesuffix(_FACTOR)
    if name == "alpha-divergence":
        return alpha_divergence(pair, float(vars(objective)["alpha"]))
    return DIVERGENCES[name](pair) if name in DIVERGENCES else None


def _readings(
    game: Game,
    pairs: Sequence[Pair],
    settings: Mapping[str, Any],
    depth: int,
    seed: int,
    device: torch.device,
) -> Iterator[tuple[Pair, Reading, float]]:
    chosen = Settings(
        settings["steps"],
        settings["batch_size"],
        settings["width"],
        depth,
        settings["learning_rate"],
        seed,
    )
    ordered = sorted(pairs, key=lambda pair: pair.dimension)
    for _, group in groupby(ordered, key=lambda pair: pair.dimension):
        together = list(group)
        start = time.perf_counter()
        readings = fit(game, together, chosen, device, _POINTS)
        seconds = (time.perf_counter() - start) / len(together)
        for pair, reading in zip(together, readings, strict=True):
            yield pair, reading, round(seconds, 3)


def _row(
    objective: Objective, pair: Pair, reading: Reading, line: Sequence[Mapping[str, float]]
) -> dict[str, Any]:
    """Return a pair's row; ``value`` is the estimate on the scale of the truth."""
    known = truth(objective, pair)
    assert known is not None
    value, error = reading.estimate, reading.error
    if str(objective.divergence).endswith(_FACTOR):
        value, error = value / reading.max_slope, error / reading.max_slope
    weights = np.array([point["weight"] for point in line])
    squares = np.array([(point["output"] - point["optimum"]) ** 2 for point in line])
    return {
        "divergence": objective.divergence,
        "lower_bound": objective.lower_bound,
        "pair": pair.name,
        "dimension": pair.dimension,
        "bounded": pair.bounded,
        "status": "ok" if isfinite(value) else "diverged",
        "value": value,
        "error": error,
        "truth": known.value,
        "truth_error": known.error,
        "estimate": reading.estimate,
        "gap": reading.gap,
        "mean_slope": reading.mean_slope,
        "max_slope": reading.max_slope,
        "output_rmse": float(np.sqrt(weights @ squares / weights.sum())) if line else np.nan,
    }


def _line(objective: Objective, pair: Pair, reading: Reading) -> list[dict[str, float]]:
    """Return output and optimum along the pair's line, weighted by the density of both."""
    if not reading.outputs:
        return []
    places = pair.line(_POINTS)
    log_p, log_q = pair.p.log_density(places), pair.q.log_density(places)
    optimum = objective.optimal_logit(torch.from_numpy(log_p - log_q))
    if optimum is None:
        return []
    weights = (np.exp(log_p) + np.exp(log_q)) / 2
    targets, outputs = optimum.numpy(), np.array(reading.outputs)
    if objective.shift_invariant:
        outputs = outputs + (weights @ (targets - outputs)) / weights.sum()
    shares = np.linspace(0, 1, _POINTS)
    names = ("place", "output", "optimum", "weight")
    columns = zip(shares, outputs, targets, weights, strict=True)
    return [dict(zip(names, map(float, column), strict=True)) for column in columns]
