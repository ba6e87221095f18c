"""What ``bench list`` shows: everything a study can name, each with one line about it."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from bench import architectures, datasets, objectives, records, studies, techniques
from bench.plugins import Registry

Entry = dict[str, str]


def entries(kind: str) -> list[Entry]:
    """Return the entries of a kind, each with at least ``name`` and ``summary``."""
    listed: dict[str, Callable[[], list[Entry]]] = {
        "objectives": lambda: _plugins(objectives.REGISTRY),
        "techniques": lambda: _plugins(techniques.REGISTRY),
        "architectures": lambda: _plugins(architectures.REGISTRY),
        "datasets": lambda: _plugins(datasets.REGISTRY),
        "metrics": _metrics,
        "studies": _studies,
    }
    return listed[kind]()


def _plugins(registry: Registry[Any]) -> list[Entry]:
    return [
        {"name": name, "summary": _summary(path), "source": str(path)}
        for name, path in sorted(registry.find().items())
    ]


def _metrics() -> list[Entry]:
    return [
        {"name": metric.name, "summary": metric.description, "better": metric.better}
        for metric in records.METRICS.values()
    ]


def _studies() -> list[Entry]:
    return [
        {
            "name": name,
            "summary": " ".join(
                yaml.safe_load(path.read_text(encoding="utf-8"))["description"].split()
            ),
            "source": str(path),
        }
        for name, path in studies.studies().items()
    ]


def _summary(path: Path) -> str:
    """Return the first line of a file's docstring, without running the file."""
    try:
        text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    except (OSError, SyntaxError, ValueError) as error:
        return f"cannot be read: {error}"
    return text.partition("\n")[0]
