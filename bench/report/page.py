"""Writes the report: one page that needs nothing else, and its tables and figures as files."""

from __future__ import annotations

import json
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from bench.analysis.results import Results
from bench.files import whole
from bench.report import formats, headline
from bench.report.sections import Sections
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
    sections = Sections(Results.read(source), source, source / "report")
    sections.build()
    index = sections.folder / "index.html"
    text = _render(sections)
    with whole(index) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return index


def _render(sections: Sections) -> str:
    environment = Environment(
        loader=PackageLoader("bench.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["pretty"] = lambda value: json.dumps(value, indent=2, ensure_ascii=False)
    manifest = sections.results.manifest
    runs, trained = manifest["runs"], {dataset for dataset, _ in sections.places}
    return environment.get_template("template.html").render(
        manifest=manifest,
        sections=sections.parts,
        colours=sections.colours,
        counts=headline.counts(sections.results),
        findings=headline.findings(sections.leaderboard),
        loss_finding=headline.loss_finding(sections.correlations, "estimate", "refreshed", "all"),
        duration=formats.seconds(sum(run["seconds"] or 0 for run in runs)),
        devices=", ".join(sorted({run["device"] for run in runs if run["device"]})),
        flags=[row for row in sections.controls.to_dict("records") if row["flag"]],
        lost=[run for run in runs if run["status"] != "finished"],
        empty=[name for name in manifest["datasets"] if name not in trained],
        missing=manifest["expected"] - len(runs),
        label=label,
        whole=formats.whole,
    )
