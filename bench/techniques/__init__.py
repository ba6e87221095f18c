"""Techniques that combine with any objective, one a file; found as :mod:`bench.plugins` says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bench.plugins import Registry

if TYPE_CHECKING:
    from bench.techniques.base import Technique


def _base() -> type[Technique]:
    from bench.techniques.base import Technique

    return Technique


REGISTRY: Registry[Technique] = Registry(
    "technique", Path(__file__).resolve().parent, "technique_plugins", _base
)
find, load, create = REGISTRY.find, REGISTRY.load, REGISTRY.create
