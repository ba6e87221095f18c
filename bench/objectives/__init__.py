"""Objectives, one a file, found in three ways that count the same.

A file in this folder, an entry point in the group ``bench.objectives``, or a path in a study's
``plugins``. The name of an objective is the stem of its file with hyphens for underscores.
Finding imports no objective; loading does, and torch with it.
"""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
import re
import sys
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import fields
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.messages import unknown

if TYPE_CHECKING:
    from bench.objectives.base import Objective

GROUP = "bench.objectives"


class ObjectiveError(ValueError):
    """An objective cannot be found, loaded or given these hyper-parameters."""


def find(plugins: Iterable[str | Path] = ()) -> dict[str, Path]:
    """Return the source file of every objective by name; ``plugins`` are further files.

    Raises:
        ObjectiveError: A plugin's file is missing, or its name is taken.

    Warns:
        UserWarning: An entry point leads nowhere, or its name is taken; it is passed over.
    """
    here = sorted(Path(__file__).resolve().parent.glob("*.py"))
    found = {_name(path): path for path in here if path.stem not in ("__init__", "base")}
    for point in sorted(entry_points(group=GROUP)):
        try:
            spec = importlib.util.find_spec(point.module)
            if spec is None or spec.origin is None:
                raise ModuleNotFoundError(f"there is no module {point.module!r}")
            _add(found, Path(spec.origin))
        except Exception as error:  # The module's parent package is a stranger's code.
            warnings.warn(f"{GROUP}: entry point {point.name!r}: {error}", stacklevel=2)
    for plugin in map(Path, plugins):
        if not plugin.is_file():
            raise ObjectiveError(f"plugins: there is no file {str(plugin)!r}")
        _add(found, plugin)
    return found


def _add(found: dict[str, Path], path: Path) -> None:
    path = path.resolve()
    name = _name(path)
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._+-]*", name):
        raise ObjectiveError(f"plugins: the name of {path} may have letters, digits and . _ + -")
    if found.setdefault(name, path) != path:
        raise ObjectiveError(f"plugins: {path} would be {name!r}, which is {found[name]} already")


def _name(path: Path) -> str:
    """Return an objective's name: its file's, or its package's."""
    stem = path.parent.name if path.stem == "__init__" else path.stem
    return stem.replace("_", "-")


def load(path: Path) -> type[Objective]:
    """Import the file at ``path`` and return the one objective that it defines.

    Raises:
        ObjectiveError: The file defines no objective, or several.
        Exception: Whatever the file itself raises while it is imported.
    """
    from bench.objectives.base import Objective

    # Two plugins of one stem do not meet, and an edited file is another module.
    content = f"{path}\0".encode() + path.read_bytes()
    digest = hashlib.blake2b(content, digest_size=6).hexdigest()
    name = f"bench_objective_{path.stem}_{digest}"
    if name not in sys.modules:
        folder = [str(path.parent)] if path.stem == "__init__" else None
        spec = importlib.util.spec_from_file_location(name, path, submodule_search_locations=folder)
        if spec is None or spec.loader is None:
            raise ObjectiveError(f"{path} is not a Python file")
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[name]
            raise
    defined = [
        member
        for _, member in inspect.getmembers(sys.modules[name], inspect.isclass)
        if issubclass(member, Objective) and member.__module__ == name
    ]
    if len(defined) != 1:
        names = ", ".join(cls.__name__ for cls in defined) or "none"
        raise ObjectiveError(f"{path} must define one Objective; it defines {names}")
    found: type[Objective] = defined[0]
    if inspect.isabstract(found):
        missing = ", ".join(sorted(found.__abstractmethods__))
        raise ObjectiveError(f"{path}: {found.__name__} lacks {missing}")
    return found


def create(path: Path, hyperparameters: Mapping[str, Any]) -> Objective:
    """Return the objective at ``path`` with the given hyper-parameters.

    Raises:
        ObjectiveError: The objective has no such hyper-parameter, or its type is another.
    """
    cls = load(path)
    defaults = {field.name: field.default for field in fields(cls)}
    for key, value in hyperparameters.items():
        if key not in defaults:
            raise ObjectiveError(unknown(f"hyper-parameter of {_name(path)}", key, defaults))
        # A whole number will do for a float; a bool will do for nothing but a bool.
        kind = type(defaults[key])
        fits = isinstance(value, int | float) if kind is float else isinstance(value, kind)
        if not fits or (isinstance(value, bool) and kind is not bool):
            raise ObjectiveError(
                f"hyper-parameter {key!r} of {_name(path)}: {value!r} is not a {kind.__name__}"
            )
    return cls(**hyperparameters)
