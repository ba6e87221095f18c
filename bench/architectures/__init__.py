"""Architectures, one family a file: found, loaded and created as :mod:`bench.plugins` says."""

from __future__ import annotations

from pathlib import Path

from bench.architectures.base import Architecture
from bench.plugins import Registry

REGISTRY: Registry[Architecture] = Registry(
    "architecture", Path(__file__).resolve().parent, "architecture_plugins", lambda: Architecture
)
find, load, create = REGISTRY.find, REGISTRY.load, REGISTRY.create
