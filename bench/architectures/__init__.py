"""Architectures, one family a file, each with one :class:`base.Architecture`."""

from __future__ import annotations

import inspect
from importlib import import_module
from pathlib import Path

from bench.architectures.base import Architecture


def names() -> list[str]:
    """Return the names of all families, sorted: the stems of this folder's files."""
    stems = (path.stem for path in Path(__file__).parent.glob("*.py"))
    return sorted(stem.replace("_", "-") for stem in stems if stem not in ("__init__", "base"))


def family(name: str) -> type[Architecture]:
    """Return the class of the family called ``name``.

    Raises:
        KeyError: There is no such family.
    """
    if name not in names():
        raise KeyError(name)
    module = import_module(f"bench.architectures.{name.replace('-', '_')}")
    (found,) = (
        member
        for _, member in inspect.getmembers(module, inspect.isclass)
        if issubclass(member, Architecture) and member.__module__ == module.__name__
    )
    return found


def source(name: str) -> Path:
    """Return the file of the family called ``name``."""
    return Path(__file__).parent / f"{name.replace('-', '_')}.py"
