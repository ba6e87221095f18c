"""Kinds of plugins, each one file, found in three ways that count the same.

A file in the kind's own folder, an entry point in its group, or a path that a study names. The
name of a plugin is the stem of its file with hyphens for underscores. Finding imports no plugin;
loading does, and torch with it.
"""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
import re
import sys
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, Generic, TypeVar, cast

from bench import lineage
from bench.messages import unknown

T = TypeVar("T")


class PluginError(ValueError):
    """A plugin cannot be found, loaded or given these hyper-parameters."""


class ConflictError(ValueError):
    """Plugins that each are right do not make sense together; the message says why."""


@dataclass(frozen=True)
class Part:
    """A plugin as a study names it.

    Attributes:
        name: The plugin's name.
        file: Its file.
        settings: Its hyper-parameters where they differ from its defaults.
    """

    name: str
    file: str
    settings: Mapping[str, Any]


@dataclass(frozen=True)
class Registry(Generic[T]):
    """One kind of plugin.

    Attributes:
        kind: What one is called, such as ``"objective"``.
        folder: Where those that ship are.
        key: The study's key for paths of further ones.
        base: Returns the class that each must derive from; called when one is loaded.
    """

    kind: str
    folder: Path
    key: str
    base: Callable[[], type[T]]

    @property
    def group(self) -> str:
        """The group of this kind's entry points."""
        return f"bench.{self.folder.name}"

    def find(self, plugins: Iterable[str | Path] = ()) -> dict[str, Path]:
        """Return the source file of every one by name; ``plugins`` are further files.

        Raises:
            PluginError: A plugin's file is missing, or its name is taken.

        Warns:
            UserWarning: An entry point leads nowhere, or its name is taken; it is passed over.
        """
        here = sorted(self.folder.glob("*.py"))
        found = {_name(path): path for path in here if path.stem not in ("__init__", "base")}
        for point in sorted(entry_points(group=self.group)):
            try:
                spec = importlib.util.find_spec(point.module)
                if spec is None or spec.origin is None:
                    raise ModuleNotFoundError(f"there is no module {point.module!r}")
                self._add(found, Path(spec.origin))
            except Exception as error:  # The module's parent package is a stranger's code.
                message = f"{self.group}: entry point {point.name!r}: {error}"
                warnings.warn(message, stacklevel=2)
        for plugin in map(Path, plugins):
            if not plugin.is_file():
                raise PluginError(f"{self.key}: there is no file {str(plugin)!r}")
            self._add(found, plugin)
        return found

    def load(self, path: Path) -> type[T]:
        """Import the file at ``path`` and return the one class of this kind that it defines.

        Raises:
            PluginError: The file defines none, or several.
            Exception: Whatever the file itself raises while it is imported.
        """
        base = self.base()
        module = self._module(path)
        defined = [
            member
            for _, member in inspect.getmembers(module, inspect.isclass)
            if issubclass(member, base) and member.__module__ == module.__name__
        ]
        if len(defined) != 1:
            names = ", ".join(cls.__name__ for cls in defined) or "none"
            raise PluginError(f"{path} must define one {base.__name__}; it defines {names}")
        found: Any = defined[0]
        if inspect.isabstract(found):
            missing = ", ".join(sorted(found.__abstractmethods__))
            raise PluginError(f"{path}: {found.__name__} lacks {missing}")
        return cast(type[T], found)

    def create(self, path: Path, hyperparameters: Mapping[str, Any]) -> T:
        """Return the one at ``path`` with the given hyper-parameters.

        Raises:
            PluginError: It has no such hyper-parameter, or the value's type or range is wrong.
        """
        cls: Any = self.load(path)
        defaults = {field.name: field.default for field in fields(cls)}
        given = dict(hyperparameters)
        for key, value in hyperparameters.items():
            if key not in defaults:
                raise PluginError(unknown(f"hyper-parameter of {_name(path)}", key, defaults))
            # A whole number will do for a float; a bool will do for nothing but a bool.
            kind = type(defaults[key])
            if kind is tuple and isinstance(value, list):
                given[key] = value = tuple(value)
            fits = isinstance(value, int | float) if kind is float else isinstance(value, kind)
            if not fits or (isinstance(value, bool) and kind is not bool):
                raise PluginError(
                    f"hyper-parameter {key!r} of {_name(path)}: {value!r} is not a {kind.__name__}"
                )
        try:
            made: T = cls(**given)
        except ValueError as error:
            raise PluginError(f"{_name(path)}: {error}") from None
        return made

    def make(self, part: Part) -> T:
        """Return the plugin that ``part`` names, as :meth:`create` does."""
        return self.create(Path(part.file), part.settings)

    def files(self, part: Part) -> list[Path]:
        """Return a plugin's file and those that it imports of its kind or of the layers."""
        return lineage.files(Path(part.file), (f"bench.{self.folder.name}", "bench.layers"))

    def _add(self, found: dict[str, Path], path: Path) -> None:
        path = path.resolve()
        name = _name(path)
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._+-]*", name):
            message = f"the name of {path} may have letters, digits and . _ + -"
            raise PluginError(f"{self.key}: {message}")
        if found.setdefault(name, path) != path:
            message = f"{path} would be {name!r}, which is {found[name]} already"
            raise PluginError(f"{self.key}: {message}")

    def _module(self, path: Path) -> ModuleType:
        # Two plugins of one stem do not meet, and an edited file is another module.
        content = f"{path}\0".encode() + path.read_bytes()
        digest = hashlib.blake2b(content, digest_size=6).hexdigest()
        name = f"bench_{self.kind}_{path.stem}_{digest}"
        if name not in sys.modules:
            folder = [str(path.parent)] if path.stem == "__init__" else None
            spec = importlib.util.spec_from_file_location(
                name, path, submodule_search_locations=folder
            )
            if spec is None or spec.loader is None:
                raise PluginError(f"{path} is not a Python file")
            module = importlib.util.module_from_spec(spec)
            sys.modules[name] = module
            try:
                spec.loader.exec_module(module)
            except BaseException:
                del sys.modules[name]
                raise
        return sys.modules[name]


def _name(path: Path) -> str:
    """Return a plugin's name: its file's, or its package's."""
    stem = path.parent.name if path.stem == "__init__" else path.stem
    return stem.replace("_", "-")
