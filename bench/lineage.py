"""Which files of ours a plugin's file depends on, found without running any."""

from __future__ import annotations

import ast
from collections.abc import Collection
from functools import cache
from pathlib import Path

#: Where the package ``bench`` is.
ROOT = Path(__file__).resolve().parents[1]


def files(file: Path, packages: Collection[str]) -> list[Path]:
    """Return a plugin's file and those in ``packages`` that it imports, directly or not.

    Imports inside of functions count. Modules called ``base`` are left out: the contract between
    plugins and the rest is not part of what one of them does.

    Args:
        file: The plugin's file; all files of its package where that is an ``__init__.py``.
        packages: Names of packages, such as ``bench.layers``.
    """
    waiting = sorted(file.parent.rglob("*.py")) if file.name == "__init__.py" else [file]
    found: set[Path] = set()
    while waiting:
        path = waiting.pop().resolve()
        if path not in found:
            found.add(path)
            waiting += _imported(path, path.stat().st_mtime_ns, tuple(packages))
    return sorted(found)


@cache
def _imported(path: Path, _changed: int, packages: tuple[str, ...]) -> list[Path]:
    """Return the files in the packages that a file imports, in the state of a change."""
    imported: list[Path] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            inside = any(f"{name}.".startswith(f"{package}.") for package in packages)
            if inside and name.rpartition(".")[2] != "base":
                # Not asked of the import system, which would run the packages on the way.
                module = ROOT.joinpath(*name.split("."))
                found = module.with_suffix(".py"), module / "__init__.py"
                imported += [file for file in found if file.is_file()]
    return imported
