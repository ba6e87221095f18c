"""Checks that an objective keeps the promises of :mod:`bench.objectives.base`.

The same for built-in objectives and a stranger's file. A property is a function of the objective
that returns nothing or raises what is wrong and how to put it right; its docstring says what holds.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from bench import objectives
from bench.conformance import behaviour, engine, formula
from bench.conformance.probe import BrokenError
from bench.objectives.base import Objective
from bench.plugins import PluginError

#: Every property but the definition, in the order of the findings: causes before consequences.
PROPERTIES: Mapping[str, Callable[[Objective], None]] = MappingProxyType(
    {
        "finite losses": formula.finite_losses,
        "saturation": formula.saturation,
        "gradients": formula.gradients,
        "estimate": formula.estimate,
        "inputs": behaviour.inputs,
        "randomness": behaviour.randomness,
        "batch order": behaviour.batch_order,
        "batch size": behaviour.batch_size,
        "penalty": behaviour.penalty,
        "per-sample gradient": behaviour.per_sample_gradient,
        "constraint": behaviour.constraint,
        "cohort": engine.cohort,
        "players": engine.players,
        "resume": engine.resume,
        "training": engine.training,
    }
)


@dataclass(frozen=True)
class Finding:
    """What was found about one property.

    Attributes:
        name: ``"definition"`` or a key of :data:`PROPERTIES`.
        passed: Whether it holds.
        message: What holds; or what is wrong and how to put it right.
    """

    name: str
    passed: bool
    message: str


def check(
    source: Path, hyperparameters: Mapping[str, Any] = MappingProxyType({}), training: bool = True
) -> list[Finding]:
    """Return what holds and what does not for the objective in the file ``source``.

    Takes about 3 s on one core, most of it for the short training.

    Args:
        source: The objective's file.
        hyperparameters: Values other than the defaults.
        training: Whether to check that training improves the generator; an objective that calls
            itself unstable is never asked to.

    Returns:
        One finding a property; that of the definition alone if the objective cannot be made.
        What the file raises is a failed finding, and is not raised here.
    """

    def look(name: str, holds: Callable[[], object], summary: str | None) -> Finding:
        try:
            holds()
        except Exception as error:
            return Finding(name, False, _describe(error, source))
        return Finding(name, True, summary or "")

    def define() -> None:
        formula.definition(objectives.load(source))
        objectives.create(source, hyperparameters)

    definition = look("definition", define, formula.definition.__doc__)
    try:
        objective = objectives.create(source, hyperparameters)
    except Exception:
        return [definition]
    findings = [
        look(name, partial(holds, objective), holds.__doc__)
        for name, holds in PROPERTIES.items()
        if name != "training" or (training and not objective.unstable)
    ]
    return [definition, *findings]


def _describe(error: Exception, source: Path) -> str:
    """Return what is wrong; for a foreign exception, with the objective's own lines in it."""
    if isinstance(error, BrokenError | PluginError):
        return str(error)
    own = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).resolve() == source.resolve()
    ]
    lines = traceback.format_list(own[-3:]) + traceback.format_exception_only(error)
    advice = {
        "vmap": "Code is batched over seeds: use torch.where, not if or .item(), on a value.",
        "requires_grad_": "For the critic's slope use input_gradient(critic, samples).",
    }
    return "".join([*lines, *(advice[word] for word in advice if word in str(error))]).strip()
