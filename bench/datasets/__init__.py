"""Datasets, one source a file, each with a ``load()`` that returns a :class:`base.Dataset`."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pathlib import Path

from bench.datasets.base import Dataset


def names() -> list[str]:
    """Return the names of all datasets, sorted: the stems of this folder's files."""
    stems = (path.stem for path in Path(__file__).parent.glob("*.py"))
    return sorted(stem.replace("_", "-") for stem in stems if stem not in ("__init__", "base"))


@cache
def load(name: str) -> Dataset:
    """Return the dataset called ``name``.

    Raises:
        KeyError: There is no such dataset.
    """
    if name not in names():
        raise KeyError(name)
    dataset: Dataset = import_module(f"bench.datasets.{name.replace('-', '_')}").load()
    return dataset


def source(name: str) -> Path:
    """Return the file of the dataset called ``name``."""
    return Path(__file__).parent / f"{name.replace('-', '_')}.py"
