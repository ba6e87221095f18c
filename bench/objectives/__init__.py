"""Objectives, one a file: found, loaded and created as :mod:`bench.plugins` says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bench.plugins import Registry

if TYPE_CHECKING:
    from bench.objectives.base import Objective


def _base() -> type[Objective]:
    from bench.objectives.base import Objective

    return Objective


REGISTRY: Registry[Objective] = Registry(
    "objective", Path(__file__).resolve().parent, "plugins", _base
)
find, load, create = REGISTRY.find, REGISTRY.load, REGISTRY.create
