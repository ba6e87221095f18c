"""The command line: arguments only; each verb imports what it needs when it runs."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bench import __version__
from bench.config import Study
from bench.datasets.base import DataError, Dataset, Images, ImageSource
from bench.messages import unknown
from bench.studies import StudyError

KINDS = ("objectives", "techniques", "architectures", "datasets", "metrics", "studies")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        status: int = options.run(options) or 0
    except (StudyError, MistakeError, DataError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    return status


class MistakeError(ValueError):
    """A mistake on the command line, in one line for the person who made it."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bench",
        description="Compare GAN objectives under one protocol. Whole studies run through "
        "snakemake (`snakemake --cores all --config study=quick`), which calls the verbs below.",
    )
    parser.add_argument("--version", action="version", version=f"bench {__version__}")
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True)

    def verb(name: str, run: Callable[[Any], int | None], text: str) -> argparse.ArgumentParser:
        added = verbs.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
        added.set_defaults(run=run)
        return added

    listing = verb("list", _list, "list what a study can name")
    listing.add_argument("kind", nargs="?", metavar="KIND", help=f"one of {', '.join(KINDS)}")
    listing.add_argument("--json", action="store_true", help="print JSON")

    checking = verb("check", _check, "check that an objective keeps its contract")
    checking.add_argument("objective", metavar="NAME_OR_FILE", help="an objective, or its file")

    new = verb("new", _new, "write a commented starter file")
    new.add_argument("kind", choices=["objective"], help="what to start")
    new.add_argument("name", metavar="NAME", help="its name, such as my-gan")
    new.add_argument("--folder", type=Path, default=Path(), help="where (default: here)")

    plan = verb("plan", _plan, "show what a study would train, and what it leaves out")
    _add_study(plan)

    download = verb("download", _download, "fetch the files of a dataset that are not there yet")
    _add_dataset(download)
    download.add_argument("--output", type=Path, required=True, metavar="FILE")

    data = verb("data", _data, "read the images of a dataset once, for all runs")
    _add_dataset(data)
    _add_cache(data)
    data.add_argument("--output", type=Path, required=True, metavar="FILE")

    features = verb(
        "features", _features, "prepare what measures images: classifier and real features"
    )
    _add_dataset(features)
    _add_cache(features)
    features.add_argument("--output", type=Path, required=True, metavar="FILE")

    train = verb("train", _train, "train the runs of one cell as one batched model")
    _add_study(train)
    train.add_argument(
        "--cell", required=True, metavar="DATASET/ARCHITECTURE/VARIANT", help="what to train"
    )
    train.add_argument("--seeds", required=True, metavar="SEEDS", help="such as 3 or 0to4+7")
    _add_extractor(train)
    _add_cache(train)
    train.add_argument("--output", type=Path, required=True, metavar="FOLDER")

    calibrate = verb(
        "calibrate", _calibrate, "train one variant's discriminators between known distributions"
    )
    _add_study(calibrate)
    calibrate.add_argument("--variant", required=True, metavar="NAME", help="what to calibrate")
    calibrate.add_argument("--output", type=Path, required=True, metavar="FOLDER")

    controls = verb("controls", _controls, "measure known samples that anchor every metric")
    _add_dataset(controls)
    _add_cache(controls)
    _add_extractor(controls)
    controls.add_argument("--output", type=Path, required=True, metavar="FILE")

    gather = verb("gather", _gather, "gather a study's runs into one table and one manifest")
    _add_study(gather)
    gather.add_argument(
        "--results", type=Path, metavar="FOLDER", help="its folder (default: results/<study>)"
    )

    report = verb("report", _report, "draw the report from a study's table and manifest")
    report.add_argument("results", type=Path, metavar="FOLDER", help="such as results/quick")
    return parser


def _add_study(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--study", required=True, metavar="NAME_OR_FILE", help="a study, or its YAML file"
    )


def _add_dataset(parser: argparse.ArgumentParser) -> None:
    _add_study(parser)
    parser.add_argument("--dataset", required=True, metavar="NAME", help="one of the study's")


def _add_cache(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--cache",
        type=Path,
        default=Path("results/.cache"),
        metavar="FOLDER",
        help="what studies share (default: results/.cache)",
    )


def _add_extractor(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--extractor", type=Path, metavar="FILE", help="for images, what `bench features` wrote"
    )


def _list(options: argparse.Namespace) -> None:
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


def _check(options: argparse.Namespace) -> int:
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


def _new(options: argparse.Namespace) -> None:
    from bench import starter

    try:
        path = starter.write(options.name, options.folder)
    except ValueError as error:
        raise MistakeError(str(error)) from None
    print(f"wrote {path}; try `bench check {path}`")


def _plan(options: argparse.Namespace) -> None:
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


def _download(options: argparse.Namespace) -> None:
    from bench.files import write_json

    study = _study_of(options)
    source = study.dataset(options.dataset)
    if isinstance(source, ImageSource) and study.settings["data"]["download"]:
        source.download(study.data_folder)
    write_json(options.output, {"folder": str(study.data_folder)})


def _data(options: argparse.Namespace) -> None:
    from bench.files import write_json

    images = _images(options)
    splits = {split: len(members) for split, members in images.pixels.items()}
    about = {"checksum": images.checksum, "splits": splits, "classes": images.classes}
    write_json(options.output, about)


def _features(options: argparse.Namespace) -> None:
    from bench.metrics import prepared
    from bench.metrics.protocols import EvaluationSettings

    study, images = _study_of(options), _images(options)
    settings = EvaluationSettings(**study.section("evaluation", options.dataset))
    prepared.prepare(images, settings, options.cache / "features", options.output, _cuda(study))


def _cuda(study: Study) -> bool:
    """Return whether a study runs on the GPU."""
    from bench.training import run

    try:
        return run.choose_device(study.settings["device"]).type == "cuda"
    except ValueError as error:
        raise MistakeError(str(error)) from None


def _train(options: argparse.Namespace) -> None:
    from bench import plan
    from bench.training import run

    study = Study.load(options.study)
    try:
        device = run.choose_device(study.settings["device"])
    except ValueError as error:
        raise MistakeError(str(error)) from None
    cell = study.cell(options.cell)
    try:
        seeds = plan.parse(options.seeds)
    except ValueError:
        raise MistakeError(f"seeds {options.seeds!r} should be as 3, 0to4 or 0to4+7") from None
    dataset = _dataset(study, cell.dataset, options.cache)
    run.train(cell, study.name, seeds, options.output, device, dataset, options.extractor)


def _calibrate(options: argparse.Namespace) -> None:
    from bench.calibration import table
    from bench.files import write_json
    from bench.training import run
    from bench.training.describe import describe

    study = Study.load(options.study)
    if options.variant not in study.calibrated:
        choices = study.calibrated
        raise MistakeError(unknown("variant to calibrate", options.variant, choices))
    try:
        device = run.choose_device(study.settings["device"])
        game = study.game(options.variant)
    except ValueError as error:
        raise MistakeError(str(error)) from None
    settings = study.calibration(options.variant)
    table.write(table.calibrate(options.variant, game, settings, device), options.output)
    about = describe(study.variant(options.variant).objective, game)
    write_json(options.output / "variant.json", about)


def _controls(options: argparse.Namespace) -> None:
    from bench import records
    from bench.training import controls

    study = _study_of(options)
    dataset = _dataset(study, options.dataset, options.cache)
    table = controls.controls(study, dataset, options.extractor, _cuda(study))
    records.write(table, options.output)


def _gather(options: argparse.Namespace) -> None:
    from bench import manifest, plan

    study = Study.load(options.study)
    manifest.gather(plan.make(study, options.results or Path("results") / study.name))


def _report(options: argparse.Namespace) -> None:
    from bench.report.page import write_report

    if not (options.results / "manifest.json").is_file():
        raise MistakeError(f"{options.results} has no manifest.json; run `bench gather` first")
    print(write_report(options.results))
