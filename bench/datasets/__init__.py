"""Datasets, one source a file: found, loaded and created as :mod:`bench.plugins` says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench.datasets.base import Source
from bench.plugins import Registry

REGISTRY: Registry[Source] = Registry(
    "dataset", Path(__file__).resolve().parent, "dataset_plugins", lambda: Source
)
find, load = REGISTRY.find, REGISTRY.load


def create(name: str, **settings: Any) -> Source:
    """Return the source called ``name`` that ships, with these settings.

    Raises:
        KeyError: None that ships has this name.
    """
    return REGISTRY.create(find()[name], settings)
