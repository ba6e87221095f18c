"""Hyper-parameter search with an equal budget (Lucic et al. 2018): trials as variants.

Each objective of a study becomes as many variants as there are trials. A trial's settings are
drawn from a stream of their names and the trial's number alone: every objective meets the same
draws, and adding an objective, a range or a trial changes none that was there.
"""

from __future__ import annotations

import copy
import hashlib
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from bench.studies import StudyError


def expand(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return a study's settings with trials in the place of its objectives.

    A variant ``wgan-gp`` with three trials becomes ``wgan-gp.t0`` to ``wgan-gp.t2``, and so
    wherever the study names it.

    Args:
        settings: A study, complete; without ``search`` it comes back as it is.

    Raises:
        StudyError: A range leads to no setting.
    """
    search = settings["search"]
    if search is None:
        return dict(settings)
    result = copy.deepcopy(dict(settings))
    variants: dict[str, Any] = {}
    names: dict[str, list[str]] = {}
    for name in settings["objectives"]:
        start = settings["variants"].get(name, {"objective": name})
        names[name] = [f"{name}.t{trial}" for trial in range(search["trials"])]
        for trial, called in enumerate(names[name]):
            variants[called] = _trial(start, name, trial, settings)
    result["variants"] = variants
    result["objectives"] = _replaced(settings["objectives"], names)
    for special in result["per_dataset"].values():
        if "objectives" in special:
            special["objectives"] = _replaced(special["objectives"], names)
    rules = result["leave_out"]
    result["leave_out"] = [
        {**rule, **({"objective": called} if called else {})}
        for rule in rules
        for called in names.get(rule.get("objective", ""), [rule.get("objective")])
    ]
    return result


def draw(name: str, trial: int, of: Mapping[str, Any]) -> Any:
    """Return a trial's value of the range called ``name``.

    Args:
        name: The range's name.
        trial: The trial's number.
        of: One of ``uniform: [low, high]``, ``log_uniform: [low, high]`` or ``choice: [...]``.
    """
    digest = hashlib.blake2b(f"search\x1f{name}\x1f{trial}".encode(), digest_size=8).digest()
    rng = np.random.default_rng(int.from_bytes(digest, "little"))
    if "choice" in of:
        return of["choice"][rng.integers(len(of["choice"]))]
    if "log_uniform" in of:
        low, high = of["log_uniform"]
        return math.exp(rng.uniform(math.log(low), math.log(high)))
    low, high = of["uniform"]
    return float(rng.uniform(low, high))


def _trial(
    start: Mapping[str, Any], name: str, trial: int, settings: Mapping[str, Any]
) -> dict[str, Any]:
    definition = copy.deepcopy(dict(start))
    for key, of in settings["search"]["ranges"].items():
        if name not in of.get("objectives", settings["objectives"]):
            continue
        for path in of["sets"]:
            _set(definition, path, draw(key, trial, of), settings["shared"])
    return definition


def _set(definition: dict[str, Any], path: str, value: Any, shared: Mapping[str, Any]) -> None:
    """Set one setting of a variant; what it changes in part, it takes whole from ``shared``."""
    first, *rest = path.split(".")
    if first == "recipe" and len(rest) > 1:
        recipe = definition.setdefault("recipe", {})
        recipe.setdefault(rest[0], copy.deepcopy(shared.get(rest[0], {})))
    place: Any = definition
    *parents, last = path.split(".")
    for key in parents:
        place = place[int(key)] if isinstance(place, list) else place.setdefault(key, {})
    try:
        place[int(last) if isinstance(place, list) else last] = value
    except (TypeError, ValueError, IndexError):
        raise StudyError(f"search.ranges: {path!r} leads to no setting") from None


def _replaced(names: list[str], trials: Mapping[str, list[str]]) -> list[str]:
    return [called for name in names for called in trials[name]]
