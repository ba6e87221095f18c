"""Studies: reading, checking, and expanding them into cells.

A study is a YAML file that the schema ``workflow/schemas/study.schema.yaml`` describes. Nothing
here imports torch unless a study sets hyper-parameters of an objective, which only the objective
itself can check.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from bench import architectures, datasets, objectives, schema
from bench.messages import unknown
from bench.optimizers import OPTIONS

ROOT = Path(__file__).resolve().parents[1]
STUDIES = ROOT / "workflow" / "studies"

#: What names become parts of paths.
NAME = r"[A-Za-z0-9][A-Za-z0-9._+-]*"


class StudyError(ValueError):
    """A mistake in a study, in one line for the person who made it."""


@dataclass(frozen=True)
class Cell:
    """One (dataset, architecture, variant) with everything that determines its results.

    Attributes:
        objective: The objective's name; its file is ``source``.
        hyperparameters: The objective's hyper-parameters where they differ from its defaults.
        architecture_settings: Likewise for the architecture.
        shared: Optimisers and step ratio for all objectives, or None for each paper's own.
        training: Budget, batches, snapshots and readings.
        evaluation: Sample counts and feature extractor.
    """

    dataset: str
    architecture: str
    variant: str
    objective: str
    source: str
    hyperparameters: Mapping[str, Any]
    architecture_settings: Mapping[str, Any]
    shared: Mapping[str, Any] | None
    training: Mapping[str, Any]
    evaluation: Mapping[str, Any]

    @property
    def path(self) -> str:
        """The cell's folder below a study's ``runs/``."""
        return f"{self.dataset}/{self.architecture}/{self.variant}"

    @property
    def sources(self) -> list[Path]:
        """The files whose change makes the cell's results out of date."""
        dataset = datasets.source(self.dataset)
        return [Path(self.source), dataset, architectures.source(self.architecture)]

    def settings(self) -> str:
        """Return what determines the results as canonical JSON, without its :attr:`sources`."""
        content = asdict(self)
        del content["source"]
        content["training"] = {
            key: value for key, value in self.training.items() if key != "checkpoint_seconds"
        }
        return json.dumps(content, sort_keys=True)


@dataclass(frozen=True)
class LeftOut:
    """A combination that is not trained, and why."""

    dataset: str
    architecture: str
    variant: str
    reason: str


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

    @classmethod
    def load(cls, name: str | Path) -> Study:
        """Read the study called ``name``, or the one at that path.

        Raises:
            StudyError: There is no such study, or something in it is wrong.
        """
        path = _locate(str(name))
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
        try:
            settings = schema.checked(raw)
        except schema.SchemaError as error:
            raise StudyError(f"{path}: {error}") from None
        study = cls(path.stem, path.resolve(), settings)
        study._check_names()
        study._check_hyperparameters()
        if not study.cells:
            raise StudyError(f"{path}: nothing to train: every combination is left out")
        return study

    @property
    def seeds(self) -> list[int]:
        """Training seeds, sorted."""
        return sorted(self.settings["seeds"])

    @property
    def hash(self) -> str:
        """A hash of the whole study's settings."""
        text = json.dumps(self.settings, sort_keys=True)
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()

    @cached_property
    def sources(self) -> dict[str, Path]:
        """Source file of every objective that this study can name."""
        plugins = [self.path.parent / plugin for plugin in self.settings["plugins"]]
        try:
            return objectives.find(plugins)
        except objectives.ObjectiveError as error:
            raise StudyError(f"{self.path}: {error}") from None

    def variant(self, name: str) -> tuple[str, dict[str, Any]]:
        """Return a variant's objective and hyper-parameters; an objective is its own variant."""
        definition = dict(self.settings["variants"].get(name, {"objective": name}))
        return definition.pop("objective"), definition

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
            shape = datasets.load(dataset).shape
            for architecture in settings["architectures"]:
                options = settings["architecture_settings"].get(architecture, {})
                refusal = architectures.family(architecture)(**options).refusal(shape)
                for variant in settings["objectives"]:
                    if refusal:
                        yield LeftOut(dataset, architecture, "*", refusal)
                        continue
                    reason = self._declared(dataset, architecture, variant)
                    if reason:
                        yield LeftOut(dataset, architecture, variant, reason)
                        continue
                    objective, hyperparameters = self.variant(variant)
                    yield Cell(
                        dataset,
                        architecture,
                        variant,
                        objective,
                        str(self.sources[objective]),
                        hyperparameters,
                        options,
                        self.section("shared", dataset)
                        if settings["protocol"] == "shared"
                        else None,
                        self.section("training", dataset),
                        self.section("evaluation", dataset),
                    )

    def _declared(self, dataset: str, architecture: str, variant: str) -> str | None:
        """Return the study's own reason to leave a combination out."""
        here = {"dataset": dataset, "architecture": architecture, "objective": variant}
        for rule in self.settings["leave_out"]:
            if all(rule.get(key, value) == value for key, value in here.items()):
                return str(rule["reason"])
        return None

    def _check_names(self) -> None:
        settings = self.settings
        variants = settings["variants"]
        for name, definition in variants.items():
            if definition["objective"] not in self.sources:
                message = unknown("objective", definition["objective"], self.sources)
                raise StudyError(f"{self.path}: variants.{name}.objective: {message}")
            if name in self.sources and definition["objective"] != name:
                raise StudyError(
                    f"{self.path}: variants.{name}: this is the name of another objective; "
                    "choose a name of its own"
                )
        choices = {
            "objectives": ("objective", [*self.sources, *variants]),
            "datasets": ("dataset", datasets.names()),
            "architectures": ("architecture", architectures.names()),
        }
        for key, (kind, known) in choices.items():
            for name in settings[key]:
                if name not in known:
                    raise StudyError(f"{self.path}: {key}: {unknown(kind, name, known)}")
        # Definitions may be of more than what is selected to run.
        for key, kind in (("per_dataset", "datasets"), ("architecture_settings", "architectures")):
            for name in settings[key]:
                if name not in choices[kind][1]:
                    raise StudyError(
                        f"{self.path}: {key}: {unknown(kind[:-1], name, choices[kind][1])}"
                    )
        for rule in settings["leave_out"]:
            for key in ("dataset", "architecture", "objective"):
                kind = key + "s"
                if key in rule and rule[key] not in choices[kind][1]:
                    message = unknown(key, rule[key], choices[kind][1])
                    raise StudyError(f"{self.path}: leave_out: {message}")
        for name in settings["datasets"]:
            weights = self.section("evaluation", name)["extractor_weights"]
            if weights is not None and not Path(weights).is_file():
                key = "evaluation.extractor_weights"
                raise StudyError(f"{self.path}: {key}: there is no file {weights!r}")

    def _check_hyperparameters(self) -> None:
        shared = [("shared", self.settings["shared"])]
        for dataset, special in self.settings["per_dataset"].items():
            shared.append((f"per_dataset.{dataset}.shared", special.get("shared", {})))
        for where, section in shared:
            for key in ("generator_optimizer", "discriminator_optimizer"):
                self._check_optimizer(f"{where}.{key}", section.get(key, {}))
        for name, options in self.settings["architecture_settings"].items():
            known = [field.name for field in fields(architectures.family(name))]
            for key, value in options.items():
                where = f"{self.path}: architecture_settings.{name}"
                if key not in known:
                    raise StudyError(f"{where}: {unknown('setting', key, known)}")
                if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                    raise StudyError(f"{where}.{key}: {value!r} is not a positive whole number")
        for name in self.settings["objectives"]:
            objective, hyperparameters = self.variant(name)
            if hyperparameters:
                try:
                    objectives.create(self.sources[objective], hyperparameters)
                except objectives.ObjectiveError as error:
                    raise StudyError(f"{self.path}: variants.{name}: {error}") from None
                except Exception:
                    # A broken plugin fails its own jobs, with its traceback, and nothing else.
                    continue

    def _check_optimizer(self, where: str, settings: Mapping[str, Any]) -> None:
        for option in settings:
            known = OPTIONS[settings["name"]]
            if option not in ("name", "lr", *known):
                kind = f"option of {settings['name']}"
                raise StudyError(f"{self.path}: {where}: {unknown(kind, option, known)}")


def studies() -> dict[str, Path]:
    """Return the studies that come with the project, by name."""
    return {path.stem: path for path in sorted(STUDIES.glob("*.yaml"))}


def _locate(name: str) -> Path:
    """Return the file of a study given by name or path."""
    if name in studies():
        return studies()[name]
    path = Path(name)
    if path.suffix in (".yaml", ".yml"):
        if path.is_file():
            return path
        raise StudyError(f"study: there is no file {name!r}")
    raise StudyError(unknown("study", name, studies()) + " (or give the path of a .yaml file)")
