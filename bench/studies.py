"""The files of studies: where they are, what they say, and what they take over from another."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from bench.messages import unknown

ROOT = Path(__file__).resolve().parents[1]
STUDIES = ROOT / "workflow" / "studies"

#: What names become parts of paths.
NAME = r"[A-Za-z0-9][A-Za-z0-9._+-]*"
#: Keys whose values are paths from the folder of the study that says them.
_PATHS = ("plugins", "technique_plugins", "dataset_plugins", "architecture_plugins")


class StudyError(ValueError):
    """A mistake in a study, in one line for the person who made it."""


def studies() -> dict[str, Path]:
    """Return the studies that come with the project, by name."""
    return {path.stem: path for path in sorted(STUDIES.glob("*.yaml"), key=lambda path: path.stem)}


def locate(name: str) -> Path:
    """Return the file of a study given by name or path.

    Raises:
        StudyError: There is none.
    """
    if name in studies():
        return studies()[name]
    path = Path(name)
    if path.suffix in (".yaml", ".yml"):
        if path.is_file():
            return path
        raise StudyError(f"study: there is no file {name!r}")
    raise StudyError(unknown("study", name, studies()) + " (or give the path of a .yaml file)")


def read(path: Path, seen: tuple[Path, ...] = ()) -> dict[str, Any]:
    """Return what a study's file says, on top of what the study that it extends says.

    Mappings are merged at every depth; anything else replaces what was there.

    Args:
        path: The file.
        seen: Files that extend this one.

    Raises:
        StudyError: The file is no study, or extends itself.
    """
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        problem = " ".join(str(error).split())
        raise StudyError(f"{path}: not valid YAML: {problem}") from None
    if not isinstance(raw, dict):
        message = "a study is a mapping of keys; see workflow/studies/quick.yaml"
        raise StudyError(f"{path}: {message}")
    if not re.fullmatch(NAME, path.stem):
        raise StudyError(f"{path}: a study's name may have letters, digits and . _ + -")
    folder = path.resolve().parent
    for key in _PATHS if seen and folder != seen[0].parent else ():
        if isinstance(raw.get(key), list):
            raw[key] = [str(folder / str(plugin)) for plugin in raw[key]]
    parent = raw.pop("extends", None)
    if parent is None:
        return raw
    if path.resolve() in seen:
        raise StudyError(f"{path}: extends: the study extends itself")
    beside = path.parent / str(parent)
    base = read(beside if beside.is_file() else locate(str(parent)), (*seen, path.resolve()))
    return _merged(base, raw)


def _merged(base: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    result = dict(base)
    for key, value in more.items():
        if isinstance(value, dict) and isinstance(result.get(key), dict):
            value = _merged(result[key], value)
        result[key] = value
    return result
