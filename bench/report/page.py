"""Writes the report: one page that needs nothing else, and its tables and figures as files."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined

from bench.analysis.calibration import TARGET_RATIO, TARGET_WASSERSTEIN
from bench.analysis.controls import wrong
from bench.analysis.results import Results
from bench.files import whole
from bench.report import (
    calibration_text,
    control_sections,
    data,
    formats,
    headline,
    published_sections,
)
from bench.report.parts import Parts
from bench.report.sections import build
from bench.report.statistics import Statistics

#: The sections of every page, and where they stand: those of trained runs, of a
#: calibration, and of a study that trains what a paper has numbers of.
_ALWAYS, _TRAINS, _CALIBRATES, _COMPARES = "always", "trains", "calibrates", "compares"
_SECTIONS = (
    ("summary", "Summary", _ALWAYS),
    ("reading", "How to read", _TRAINS),
    ("leaderboard", "Leaderboard", _TRAINS),
    ("coverage", "Coverage", _TRAINS),
    ("curves", "Learning curves", _TRAINS),
    ("loss", "Loss and quality", _TRAINS),
    ("calibration", "Calibration", _CALIBRATES),
    ("samples", "Samples", _TRAINS),
    ("published", "Published numbers", _COMPARES),
    ("controls", "Controls", _TRAINS),
    ("runs", "Runs", _TRAINS),
    ("objectives", "Objectives", _ALWAYS),
    ("provenance", "Provenance", _ALWAYS),
)


def write_report(results: Path) -> Path:
    """Write ``results/report/`` from what a study left; return its ``index.html``.

    The page holds its styles, figures and samples; tables lie beside it as ``tables/*.csv``,
    figures as ``figures/*.svg``.

    Args:
        results: The study's folder with ``metrics.parquet``, ``manifest.json`` and, where it
            has a calibration, ``calibration/*.parquet``.

    Raises:
        FileNotFoundError: One of the first two is missing.
    """
    source = Path(results)
    folder = source / "report"
    statistics = Statistics.of(Results.read(source))
    for name in ("figures", "tables"):
        # Also where nothing is drawn: a workflow takes a missing folder for a failure.
        (folder / name).mkdir(parents=True, exist_ok=True)
    parts = build(statistics, source, folder)
    text = _render(statistics, parts)
    with whole(folder / "index.html") as temporary:
        temporary.write_text(text, encoding="utf-8")
    return folder / "index.html"


def _render(statistics: Statistics, parts: Parts) -> str:
    environment = Environment(
        loader=PackageLoader("bench.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["setting"] = formats.setting
    environment.filters["target"] = formats.target
    environment.filters["pretty"] = lambda value: json.dumps(value, indent=2, ensure_ascii=False)
    results, calibration = statistics.results, statistics.calibration
    manifest = results.manifest
    stands = {
        _ALWAYS: True,
        _TRAINS: results.trains,
        _CALIBRATES: results.calibrates,
        _COMPARES: len(statistics.published) > 0,
    }
    estimates = results.calibration.get("estimates", pd.DataFrame(columns=["status", "seconds"]))
    runs, datasets = manifest["runs"], manifest["datasets"]
    trained = {run["dataset"] for run in runs}
    spent = [run["seconds"] for run in runs if run["seconds"] is not None]
    return environment.get_template("template.html").render(
        manifest=manifest,
        contents=[(name, title) for name, title, where in _SECTIONS if stands[where]],
        trains=results.trains,
        calibrates=results.calibrates,
        targets={"ratio": TARGET_RATIO, "wasserstein": TARGET_WASSERSTEIN},
        calibration_counts=calibration_text.counts(manifest, calibration),
        calibration_findings=calibration_text.findings(calibration),
        discriminators={
            "trained": len(estimates),
            "diverged": int((estimates["status"] != "ok").sum()),
            "duration": formats.seconds(estimates["seconds"].sum() if len(estimates) else math.nan),
            "known": int(calibration.summary["target"].notna().sum()),
        },
        sections=parts.sections,
        colours=statistics.colours,
        counts=headline.counts(results),
        findings=headline.findings(results, statistics.leaderboard),
        loss_findings=headline.loss_findings(statistics.correlations),
        duration=formats.seconds(sum(spent) if spent else math.nan),
        devices=", ".join(sorted({run["device"] for run in runs if run["device"]})),
        compares=stands[_COMPARES],
        published_findings=published_sections.sentences(statistics.published),
        published_sources=published_sections.sources(statistics.published),
        control_findings=control_sections.sentences(statistics.controls),
        misranked=len(wrong(statistics.controls)),
        lost=[run for run in runs if run["status"] != "finished"],
        empty=[name for name in datasets if name not in trained],
        data={name: data.describe(about) for name, about in datasets.items()},
        features=[data.features(name, about) for name, about in manifest["extractors"].items()],
        origins=[
            f"{name}: {text}"
            for name, about in datasets.items()
            if (text := data.origin(name, about))
        ],
        abridged={name: data.abridged(about) for name, about in datasets.items()},
        whole=formats.whole,
    )
