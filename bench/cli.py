"""The command line: arguments only. What the verbs do is in :mod:`bench.verbs`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bench import __version__, verbs
from bench.datasets.base import DataError
from bench.studies import StudyError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        status: int = options.run(options) or 0
    except (StudyError, verbs.MistakeError, DataError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bench",
        description="Compare GAN objectives under one protocol. Whole studies run through "
        "snakemake (`snakemake --cores all --config study=quick`), which calls the verbs below.",
    )
    parser.add_argument("--version", action="version", version=f"bench {__version__}")
    choices = parser.add_subparsers(title="verbs", metavar="VERB", required=True)

    def verb(name: str, run: Callable[[Any], int | None], text: str) -> argparse.ArgumentParser:
        added = choices.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
        added.set_defaults(run=run)
        return added

    listing = verb("list", verbs.list_all, "list what a study can name")
    listing.add_argument("kind", nargs="?", metavar="KIND", help=f"one of {', '.join(verbs.KINDS)}")
    listing.add_argument("--json", action="store_true", help="print JSON")

    checking = verb("check", verbs.check, "check that an objective keeps its contract")
    checking.add_argument("objective", metavar="NAME_OR_FILE", help="an objective, or its file")

    new = verb("new", verbs.new, "write a commented starter file")
    new.add_argument("kind", choices=["objective"], help="what to start")
    new.add_argument("name", metavar="NAME", help="its name, such as my-gan")
    new.add_argument("--folder", type=Path, default=Path(), help="where (default: here)")

    plan = verb("plan", verbs.plan, "show what a study would train, and what it leaves out")
    _add_study(plan)

    download = verb(
        "download", verbs.download, "fetch the files of a dataset that are not there yet"
    )
    _add_dataset(download)
    download.add_argument("--output", type=Path, required=True, metavar="FILE")

    data = verb("data", verbs.data, "read the images of a dataset once, for all runs")
    _add_dataset(data)
    _add_cache(data)
    data.add_argument("--output", type=Path, required=True, metavar="FILE")

    features = verb(
        "features", verbs.features, "prepare what measures images: classifier and real features"
    )
    _add_dataset(features)
    _add_cache(features)
    features.add_argument("--output", type=Path, required=True, metavar="FILE")

    train = verb("train", verbs.train, "train the runs of one cell as one batched model")
    _add_study(train)
    train.add_argument(
        "--cell", required=True, metavar="DATASET/ARCHITECTURE/VARIANT", help="what to train"
    )
    train.add_argument("--seeds", required=True, metavar="SEEDS", help="such as 3 or 0to4+7")
    _add_extractor(train)
    _add_cache(train)
    train.add_argument("--output", type=Path, required=True, metavar="FOLDER")

    calibrate = verb(
        "calibrate",
        verbs.calibrate,
        "train one variant's discriminators between known distributions",
    )
    _add_study(calibrate)
    calibrate.add_argument("--variant", required=True, metavar="NAME", help="what to calibrate")
    calibrate.add_argument("--output", type=Path, required=True, metavar="FOLDER")

    controls = verb("controls", verbs.controls, "measure known samples that anchor every metric")
    _add_dataset(controls)
    _add_cache(controls)
    _add_extractor(controls)
    controls.add_argument("--output", type=Path, required=True, metavar="FILE")

    gather = verb("gather", verbs.gather, "gather a study's runs into one table and one manifest")
    _add_study(gather)
    gather.add_argument(
        "--results", type=Path, metavar="FOLDER", help="its folder (default: results/<study>)"
    )

    report = verb("report", verbs.report, "draw the report from a study's table and manifest")
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
