"""What the verbs of the command line do; each imports what it needs when it runs."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from bench.config import Study
from bench.datasets.base import Dataset, Images, ImageSource
from bench.messages import unknown

if TYPE_CHECKING:
    import torch

KINDS = ("objectives", "techniques", "architectures", "datasets", "metrics", "studies")


class MistakeError(ValueError):
    """A mistake on the command line, in one line for the person who made it."""


def list_all(options: argparse.Namespace) -> None:
    """List what a study can name."""
    from bench import listing

    if options.kind is not None and options.kind not in KINDS:
        raise MistakeError(unknown("kind", options.kind, KINDS))
    entries = {kind: listing.entries(kind) for kind in ([options.kind] if options.kind else KINDS)}
    if options.json:
        content = entries[options.kind] if options.kind else entries
        print(json.dumps(content, indent=2, ensure_ascii=False))
        return
    for kind, rows in entries.items():
        if not options.kind:
            print(f"{kind}:")
        width = max((len(row["name"]) for row in rows), default=0)
        for row in rows:
            print(f"  {row['name']:{width}}  {row['summary']}")


def check(options: argparse.Namespace) -> int:
    """Check that an objective keeps its contract."""
    from bench import conformance

    findings = conformance.check(_objective_file(options.objective))
    for finding in findings:
        print(f"{'ok  ' if finding.passed else 'FAIL'}  {finding.name}: {finding.message}")
    failed = sum(not finding.passed for finding in findings)
    print(f"{len(findings) - failed} of {len(findings)} properties hold")
    return 1 if failed else 0


def _objective_file(name: str) -> Path:
    """Return the file of an objective given by name or path."""
    from bench import objectives

    path = Path(name)
    if path.suffix == ".py":
        if not path.is_file():
            raise MistakeError(f"there is no file {name!r}")
        return path.resolve()
    found = objectives.find()
    if name not in found:
        raise MistakeError(unknown("objective", name, found) + " (or give the path of its file)")
    return found[name]


def new(options: argparse.Namespace) -> None:
    """Write a commented starter file."""
    from bench import starter

    try:
        path = starter.write(options.name, options.folder)
    except ValueError as error:
        raise MistakeError(str(error)) from None
    print(f"wrote {path}; try `bench check {path}`")


def plan(options: argparse.Namespace) -> None:
    """Show what a study would train, and what it leaves out."""
    from bench import plan

    study = Study.load(options.study)
    made = plan.make(study, Path("results") / study.name)
    for cohort in made.cohorts:
        print(f"train     {cohort.cell.path}  seeds {', '.join(map(str, cohort.seeds))}")
    for entry in study.left_out:
        print(f"left out  {entry.dataset}/{entry.architecture}/{entry.variant}  ({entry.reason})")


def _study_of(options: argparse.Namespace) -> Study:
    """Return the study, if it has the dataset that is asked for."""
    study = Study.load(options.study)
    if options.dataset not in study.settings["datasets"]:
        choices = study.settings["datasets"]
        raise MistakeError(unknown("dataset of this study", options.dataset, choices))
    return study


def _dataset(study: Study, name: str, cache: Path) -> Dataset:
    """Return a dataset of a study, prepared if it is not yet."""
    from bench import datasets, store

    part = study.part(datasets.REGISTRY, name)
    return store.load(part, name, cache / "data", study.data_folder)


def _images(options: argparse.Namespace) -> Images:
    dataset = _dataset(_study_of(options), options.dataset, options.cache)
    if not isinstance(dataset, Images):
        raise MistakeError(f"dataset {options.dataset!r} has no images")
    return dataset


def download(options: argparse.Namespace) -> None:
    """Fetch the files of a dataset that are not there yet."""
    from bench.files import write_json

    study = _study_of(options)
    source = study.dataset(options.dataset)
    if isinstance(source, ImageSource) and study.settings["data"]["download"]:
        source.download(study.data_folder)
    write_json(options.output, {"folder": str(study.data_folder)})


def data(options: argparse.Namespace) -> None:
    """Read the images of a dataset once, for all runs."""
    from bench.files import write_json

    images = _images(options)
    splits = {split: len(members) for split, members in images.pixels.items()}
    about = {"checksum": images.checksum, "splits": splits, "classes": images.classes}
    write_json(options.output, about)


def features(options: argparse.Namespace) -> None:
    """Prepare what measures images."""
    from bench.metrics import prepared
    from bench.metrics.protocols import EvaluationSettings

    study, images = _study_of(options), _images(options)
    settings = EvaluationSettings(**study.section("evaluation", options.dataset))
    prepared.prepare(
        images, settings, options.cache / "features", options.output, _device(study).type == "cuda"
    )


def _device(study: Study) -> torch.device:
    """Return where a study runs."""
    from bench.training import run

    try:
        return run.choose_device(study.settings["device"])
    except ValueError as error:
        raise MistakeError(str(error)) from None


def train(options: argparse.Namespace) -> None:
    """Train the runs of one cell as one batched model."""
    from bench import plan
    from bench.training import run

    study = Study.load(options.study)
    device, cell = _device(study), study.cell(options.cell)
    try:
        seeds = plan.parse(options.seeds)
    except ValueError:
        raise MistakeError(f"seeds {options.seeds!r} should be as 3, 0to4 or 0to4+7") from None
    dataset = _dataset(study, cell.dataset, options.cache)
    run.train(cell, study.name, seeds, options.output, device, dataset, options.extractor)


def calibrate(options: argparse.Namespace) -> None:
    """Train one variant's discriminators between known distributions."""
    from bench.calibration import table
    from bench.files import write_json
    from bench.training.describe import describe

    study = Study.load(options.study)
    if options.variant not in study.calibrated:
        choices = study.calibrated
        raise MistakeError(unknown("variant to calibrate", options.variant, choices))
    try:
        game = study.game(options.variant)
    except ValueError as error:
        raise MistakeError(str(error)) from None
    settings = study.calibration(options.variant)
    table.write(table.calibrate(options.variant, game, settings, _device(study)), options.output)
    about = describe(study.variant(options.variant).objective, game)
    write_json(options.output / "variant.json", about)


def controls(options: argparse.Namespace) -> None:
    """Measure known samples that anchor every metric."""
    from bench import records
    from bench.training import controls

    study = _study_of(options)
    dataset = _dataset(study, options.dataset, options.cache)
    table = controls.controls(study, dataset, options.extractor, _device(study).type == "cuda")
    records.write(table, options.output)


def gather(options: argparse.Namespace) -> None:
    """Gather a study's runs into one table and one manifest."""
    from bench import manifest, plan

    study = Study.load(options.study)
    manifest.gather(plan.make(study, options.results or Path("results") / study.name))


def report(options: argparse.Namespace) -> None:
    """Draw the report from a study's table and manifest."""
    from bench.report.page import write_report

    if not (options.results / "manifest.json").is_file():
        raise MistakeError(f"{options.results} has no manifest.json; run `bench gather` first")
    print(write_report(options.results))
