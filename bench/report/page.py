"""Writes the report: one page that needs nothing else, and its tables and figures as files."""

from __future__ import annotations

import json
import math
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from bench.analysis.results import Results
from bench.files import whole
from bench.report import data, formats, headline
from bench.report.parts import Parts
from bench.report.sections import build
from bench.report.statistics import Statistics
from bench.report.style import label


def write_report(results: Path) -> Path:
    """Write ``results/report/`` from a study's rows and manifest; return its ``index.html``.

    The page holds its styles, figures and samples; tables lie beside it as ``tables/*.csv``,
    figures as ``figures/*.svg``.

    Args:
        results: The study's folder with ``metrics.parquet`` and ``manifest.json``.

    Raises:
        FileNotFoundError: One of the two is missing.
    """
    source = Path(results)
    folder = source / "report"
    statistics = Statistics.of(Results.read(source))
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
    environment.filters["pretty"] = lambda value: json.dumps(value, indent=2, ensure_ascii=False)
    manifest = statistics.results.manifest
    runs, datasets = manifest["runs"], manifest["datasets"]
    trained = {run["dataset"] for run in runs}
    spent = [run["seconds"] for run in runs if run["seconds"] is not None]
    return environment.get_template("template.html").render(
        manifest=manifest,
        sections=parts.sections,
        colours=statistics.colours,
        counts=headline.counts(statistics.results),
        findings=headline.findings(statistics.results, statistics.leaderboard),
        loss_findings=headline.loss_findings(statistics.correlations),
        duration=formats.seconds(sum(spent) if spent else math.nan),
        devices=", ".join(sorted({run["device"] for run in runs if run["device"]})),
        flags=[row for row in statistics.controls.to_dict("records") if row["flag"]],
        lost=[run for run in runs if run["status"] != "finished"],
        empty=[name for name in datasets if name not in trained],
        data={name: data.describe(about) for name, about in datasets.items()},
        label=label,
        whole=formats.whole,
    )
