"""What a study must keep to beyond its schema: names that exist, settings that fit.

Nothing here imports torch unless a study sets hyper-parameters or techniques, which only they
themselves can check.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.calibration.pairs import PAIRS
from bench.messages import unknown
from bench.optimizers import OPTIONS
from bench.plugins import ConflictError, PluginError
from bench.studies import StudyError

if TYPE_CHECKING:
    from bench.config import Study


def names(study: Study) -> None:
    """Raise StudyError about the first name in a study that nothing has."""
    settings = study.settings
    variants = settings["variants"]
    for name, definition in variants.items():
        for technique in definition.get("techniques", {}):
            if technique not in study.technique_sources:
                message = unknown("technique", technique, study.technique_sources)
                raise StudyError(f"{study.path}: variants.{name}.techniques: {message}")
        if definition["objective"] not in study.sources:
            message = unknown("objective", definition["objective"], study.sources)
            raise StudyError(f"{study.path}: variants.{name}.objective: {message}")
        if name in study.sources and definition["objective"] != name:
            raise StudyError(
                f"{study.path}: variants.{name}: this is the name of another objective; "
                "choose a name of its own"
            )
    choices = {"objectives": ("objective", [*study.sources, *variants])}
    for kind in ("dataset", "architecture"):
        choices[f"{kind}s"] = kind, _nameable(study, kind)
    for key, (kind, known) in choices.items():
        for name in settings[key]:
            if name not in known:
                raise StudyError(f"{study.path}: {key}: {unknown(kind, name, known)}")
    if settings["datasets"] and not settings["seeds"]:
        raise StudyError(f"{study.path}: seeds: give at least one training seed")
    _check_calibration(study)
    # Definitions may be of more than what is selected to run.
    for name, special in settings["per_dataset"].items():
        if name not in choices["datasets"][1]:
            message = unknown("dataset", name, choices["datasets"][1])
            raise StudyError(f"{study.path}: per_dataset: {message}")
        for key in ("architectures", "objectives"):
            for chosen in special.get(key, []):
                if chosen not in settings[key]:
                    message = unknown(f"{key[:-1]} of this study", chosen, settings[key])
                    raise StudyError(f"{study.path}: per_dataset.{name}.{key}: {message}")
    for rule in settings["leave_out"]:
        for key in ("dataset", "architecture", "objective"):
            kind = key + "s"
            if key in rule and rule[key] not in choices[kind][1]:
                message = unknown(key, rule[key], choices[kind][1])
                raise StudyError(f"{study.path}: leave_out: {message}")
    _check_extractors(study)


def _nameable(study: Study, kind: str) -> list[str]:
    """Return the names of a kind that a study can use: those found and those it defines."""
    found, defined = study.found[kind], study.settings[f"{kind}_settings"]
    for name, settings in defined.items():
        where = f"{study.path}: {kind}_settings.{name}"
        plugin = settings.get(kind, name)
        if plugin not in found:
            raise StudyError(f"{where}: {unknown(kind, plugin, found)}")
        if name in found and plugin != name:
            raise StudyError(f"{where}: this is the name of another {kind}; choose its own")
    return [*found, *defined]


def settings(study: Study) -> None:
    """Raise StudyError about the first setting that what it is for does not take."""
    shared = [("shared", study.settings["shared"])]
    for dataset, special in study.settings["per_dataset"].items():
        shared.append((f"per_dataset.{dataset}.shared", special.get("shared", {})))
    for where, section in shared:
        for key in ("generator_optimizer", "discriminator_optimizer"):
            _check_optimizer(study, f"{where}.{key}", section.get(key, {}))
    for name in study.settings["dataset_settings"]:
        study.dataset(name)
    for name in study.settings["architecture_settings"]:
        study.architecture(name)
    for name, definition in study.settings["variants"].items():
        recipe = definition.get("recipe", {})
        for key in ("generator_optimizer", "discriminator_optimizer"):
            _check_optimizer(study, f"variants.{name}.recipe.{key}", recipe.get(key, {}))
    for name in study.settings["objectives"]:
        chosen = study.variant(name)
        if not chosen.hyperparameters and not chosen.techniques:
            continue
        try:
            study.game(name)
        except (PluginError, ConflictError) as error:
            raise StudyError(f"{study.path}: variants.{name}: {error}") from None
        except Exception:
            # A broken plugin fails its own jobs, with its traceback, and nothing else.
            continue


def _check_extractors(study: Study) -> None:
    """Raise about weights that are not there, or that no dataset's evaluation asks for."""
    sections = [study.section("evaluation", name) for name in study.settings["datasets"]]
    used = {extractor for section in sections for extractor in section["extractors"]}
    where = f"{study.path}: evaluation.extractor_weights"
    for section in sections:
        for extractor, weights in section["extractor_weights"].items():
            if extractor not in used:
                message = unknown("extractor of this study", extractor, sorted(used))
                raise StudyError(f"{where}: {message}")
            if not Path(weights).is_file():
                raise StudyError(f"{where}.{extractor}: there is no file {weights!r}")


def _check_calibration(study: Study) -> None:
    section = study.settings["calibration"]
    if section is None:
        return
    chosen = study.settings["objectives"]
    for name in section["per_variant"]:
        if name not in chosen:
            message = unknown("objective of this study", name, chosen)
            raise StudyError(f"{study.path}: calibration.per_variant: {message}")
    for pairs in (part.get("pairs", []) for part in (section, *section["per_variant"].values())):
        for name in pairs:
            if name not in PAIRS:
                message = unknown("pair", name, PAIRS)
                raise StudyError(f"{study.path}: calibration.pairs: {message}")


def _check_optimizer(study: Study, where: str, settings: Mapping[str, Any]) -> None:
    for option in settings:
        known = OPTIONS[settings["name"]]
        if option not in ("name", "lr", *known):
            kind = f"option of {settings['name']}"
            raise StudyError(f"{study.path}: {where}: {unknown(kind, option, known)}")
