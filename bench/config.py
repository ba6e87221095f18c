"""Studies: reading, checking, and expanding them into cells.

A study is a YAML file that the schema ``workflow/schemas/study.schema.yaml`` describes. Nothing
here imports torch unless a study sets hyper-parameters or techniques, which only they themselves
can check.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from bench import architectures, checks, datasets, objectives, schema, search, techniques
from bench.architectures.base import Architecture
from bench.cells import Cell, LeftOut, Variant
from bench.datasets.base import Source
from bench.messages import unknown
from bench.plugins import Part, PluginError, Registry
from bench.studies import StudyError, locate, read

if TYPE_CHECKING:
    from bench.game import Game

#: Every kind of plugin that a study can name.
REGISTRIES: tuple[Registry[Any], ...] = (
    objectives.REGISTRY,
    techniques.REGISTRY,
    datasets.REGISTRY,
    architectures.REGISTRY,
)

T = TypeVar("T")


@dataclass(frozen=True)
class Study:
    """A study, checked and complete.

    Attributes:
        name: The stem of its file.
        path: Its file.
        settings: The whole study with defaults filled in.
    """

    name: str
    path: Path
    settings: Mapping[str, Any]
    _cache: dict[tuple[str, str], Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def load(cls, name: str | Path) -> Study:
        """Read the study called ``name``, or the one at that path.

        Raises:
            StudyError: There is no such study, or something in it is wrong.
        """
        path = locate(str(name))
        raw = read(path)
        try:
            settings = schema.checked(raw)
        except schema.SchemaError as error:
            raise StudyError(f"{path}: {error}") from None
        try:
            settings = search.expand(settings)
        except StudyError as error:
            raise StudyError(f"{path}: {error}") from None
        study = cls(path.stem, path.resolve(), settings)
        checks.names(study)
        checks.settings(study)
        if not study.cells and not study.calibrated:
            reason = "every combination is left out" if study.left_out else "name some datasets"
            raise StudyError(f"{path}: nothing to train: {reason}")
        return study

    @property
    def seeds(self) -> list[int]:
        """Training seeds, sorted."""
        return sorted(self.settings["seeds"])

    @property
    def data_folder(self) -> Path:
        """Folder of downloaded files: that of the environment's BENCH_DATA, or the study's."""
        return Path(os.environ.get("BENCH_DATA") or self.settings["data"]["folder"])

    @property
    def hash(self) -> str:
        """A hash of the whole study's settings."""
        text = json.dumps(self.settings, sort_keys=True)
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()

    @property
    def sources(self) -> dict[str, Path]:
        """Source file of every objective that this study can name."""
        return self.found[objectives.REGISTRY.kind]

    @property
    def technique_sources(self) -> dict[str, Path]:
        """Source file of every technique that this study can name."""
        return self.found[techniques.REGISTRY.kind]

    @cached_property
    def found(self) -> dict[str, dict[str, Path]]:
        """Source files of all plugins that this study can name, by kind and name."""
        try:
            return {
                registry.kind: registry.find(
                    [self.path.parent / plugin for plugin in self.settings[registry.key]]
                )
                for registry in REGISTRIES
            }
        except PluginError as error:
            raise StudyError(f"{self.path}: {error}") from None

    def part(self, registry: Registry[Any], name: str) -> Part:
        """Return the dataset or architecture called ``name``, which may have settings."""
        settings = dict(self.settings[f"{registry.kind}_settings"].get(name, {}))
        plugin = settings.pop(registry.kind, name)
        return Part(plugin, str(self.found[registry.kind][plugin]), settings)

    def dataset(self, name: str) -> Source:
        """Return the source of a dataset, its settings checked."""
        return self._made(datasets.REGISTRY, name)

    def architecture(self, name: str) -> Architecture:
        """Return an architecture, its settings checked."""
        return self._made(architectures.REGISTRY, name)

    def _made(self, registry: Registry[T], name: str) -> T:
        key = registry.kind, name
        if key not in self._cache:
            try:
                self._cache[key] = registry.make(self.part(registry, name))
            except PluginError as error:
                raise StudyError(f"{self.path}: {registry.kind}_settings.{name}: {error}") from None
        made: T = self._cache[key]
        return made

    def variant(self, name: str) -> Variant:
        """Return the variant called ``name``; an objective is its own variant."""
        definition = {
            "techniques": {},
            "recipe": {},
            **self.settings["variants"].get(name, {"objective": name}),
        }
        chosen = {key: definition.pop(key) for key in ("objective", "techniques", "recipe")}
        return Variant(**chosen, hyperparameters=definition)

    def game(self, name: str) -> Game:
        """Return the game of a variant.

        Raises:
            PluginError: A part of it has no such hyper-parameter.
            ConflictError: Its parts do not make sense together.
        """
        from bench.game import Game

        chosen = self.variant(name)
        sources = self.variant_sources(name)
        return Game.make(sources, chosen.objective, chosen.hyperparameters, chosen.techniques)

    def variant_sources(self, name: str) -> dict[str, str]:
        """Return the files of a variant's objective and of each of its techniques by name."""
        chosen = self.variant(name)
        techniques = {key: str(self.technique_sources[key]) for key in chosen.techniques}
        return {chosen.objective: str(self.sources[chosen.objective]), **techniques}

    @property
    def calibrated(self) -> list[str]:
        """The variants whose discriminators are trained between known distributions."""
        return list(self.settings["objectives"]) if self.settings["calibration"] else []

    def calibration(self, name: str) -> dict[str, Any]:
        """Return ``calibration`` as it holds for a variant."""
        settings = dict(self.settings["calibration"])
        special = settings.pop("per_variant").get(name, {})
        return {**settings, **special}

    def section(self, name: str, dataset: str) -> dict[str, Any]:
        """Return ``shared``, ``training`` or ``evaluation`` as it holds for a dataset."""
        special = self.settings["per_dataset"].get(dataset, {}).get(name, {})
        return {**self.settings[name], **special}

    @cached_property
    def cells(self) -> list[Cell]:
        """The cells to train."""
        return [entry for entry in self._expand() if isinstance(entry, Cell)]

    @cached_property
    def left_out(self) -> list[LeftOut]:
        """The combinations not to train; a reason that holds for all objectives stands once."""
        found = (entry for entry in self._expand() if isinstance(entry, LeftOut))
        return list(dict.fromkeys(found))

    def cell(self, path: str) -> Cell:
        """Return the cell whose path is ``dataset/architecture/variant``.

        Raises:
            StudyError: The study has no such cell.
        """
        cells = {cell.path: cell for cell in self.cells}
        if path not in cells:
            raise StudyError(unknown(f"cell of study {self.name}", path, cells))
        return cells[path]

    def _expand(self) -> Iterator[Cell | LeftOut]:
        settings = self.settings
        for dataset in settings["datasets"]:
            chosen = settings["per_dataset"].get(dataset, {})
            for architecture in chosen.get("architectures", settings["architectures"]):
                refusal = self.architecture(architecture).refusal(self.dataset(dataset).shape)
                for variant in chosen.get("objectives", settings["objectives"]):
                    if refusal:
                        yield LeftOut(dataset, architecture, "*", refusal)
                        continue
                    reason = self._declared(dataset, architecture, variant)
                    reason = reason or self._unfit(architecture, variant)
                    if reason:
                        yield LeftOut(dataset, architecture, variant, reason)
                        continue
                    yield self._cell(dataset, architecture, variant)

    def _cell(self, dataset: str, architecture: str, variant: str) -> Cell:
        chosen = self.variant(variant)
        shared = self.settings["protocol"] == "shared"
        return Cell(
            dataset,
            architecture,
            variant,
            chosen.objective,
            self.variant_sources(variant),
            chosen.hyperparameters,
            chosen.techniques,
            chosen.recipe,
            self.part(datasets.REGISTRY, dataset),
            self.part(architectures.REGISTRY, architecture),
            self.section("shared", dataset) if shared else None,
            self.section("training", dataset),
            self.section("evaluation", dataset),
        )

    def _unfit(self, architecture: str, variant: str) -> str | None:
        """Return why an architecture cannot be what a variant's techniques need."""
        if self.architecture(architecture).batch_norm or not self.variant(variant).techniques:
            return None
        if self.game(variant).needs.reference_batch:
            return f"{architecture} has no batch normalisation that a reference batch could replace"
        return None

    def _declared(self, dataset: str, architecture: str, variant: str) -> str | None:
        """Return the study's own reason to leave a combination out."""
        here = {"dataset": dataset, "architecture": architecture, "objective": variant}
        for rule in self.settings["leave_out"]:
            if all(rule.get(key, value) == value for key, value in here.items()):
                return str(rule["reason"])
        return None
