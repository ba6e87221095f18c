"""Gathers the runs of a study into one tidy table and one manifest."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from bench import datasets, objectives, provenance, records
from bench.datasets.base import PointSource
from bench.files import whole, write_json
from bench.plan import Plan, PlannedCohort

#: What is not known of a run that has not finished.
_MEASURED = (
    *("diverged_at", "steps", "discriminator_steps", "samples_seen"),
    *("seconds", "seconds_by_kind", "peak_memory_mb", "device", "samples"),
)


def gather(plan: Plan) -> None:
    """Write ``metrics.parquet``, ``metrics.csv`` and ``manifest.json`` of a study.

    Runs whose files are missing, or made by other settings, are counted as failed; what there is,
    is gathered.
    """
    tables, runs, variants = [], [], {}
    for cohort in plan.cohorts:
        described = _described(cohort)
        runs += _runs(plan, cohort, described)
        if described is not None:
            table = records.read(cohort.folder / "metrics.parquet")
            tables.append(table[table["seed"].isin(plan.study.seeds)])
            variants[cohort.cell.variant] = described["objective"]
    for name in plan.study.calibrated:
        about = plan.results / "calibration" / name / "variant.json"
        if about.exists():
            variants.setdefault(name, json.loads(about.read_text(encoding="utf-8")))
    _gather_calibration(plan)
    control_files = sorted((plan.results / "controls").glob("*.parquet"))
    tables += [
        records.read(path) for path in control_files if path.stem in plan.study.settings["datasets"]
    ]
    table = pd.concat(tables, ignore_index=True) if tables else records.frame([])
    records.write(table, plan.results / "metrics.parquet")
    write_json(plan.results / "manifest.json", _manifest(plan, runs, variants))


def _gather_calibration(plan: Plan) -> None:
    """Write ``calibration/<table>.parquet`` of all variants, where the study has a calibration."""
    folder = plan.results / "calibration"
    for name in ("estimates", "outputs", "pulls") if plan.study.calibrated else ():
        files = (folder / variant / f"{name}.parquet" for variant in plan.study.calibrated)
        tables = [pd.read_parquet(path) for path in files if path.exists()]
        filled = [table for table in tables if len(table)] or tables[:1]
        if filled:
            with whole(folder / f"{name}.parquet") as temporary:
                pd.concat(filled, ignore_index=True).to_parquet(temporary, index=False)


def _runs(
    plan: Plan, cohort: PlannedCohort, described: dict[str, Any] | None
) -> list[dict[str, Any]]:
    cell = cohort.cell
    wanted = [seed for seed in cohort.seeds if seed in plan.study.seeds]
    where = {
        "dataset": cell.dataset,
        "architecture": cell.architecture,
        "variant": cell.variant,
        "objective": cell.objective,
    }
    if described is None:
        nothing = dict.fromkeys(_MEASURED)
        failed = {**where, "status": "failed", **nothing, "cohort": list(cohort.seeds)}
        return [{**failed, "seed": seed} for seed in wanted]
    usage = {key: described[key] for key in ("steps", "discriminator_steps", "samples_seen")}
    outcomes = {run["seed"]: run for run in described["runs"]}
    # A cohort's time belongs to its runs in equal parts.
    seconds = {kind: spent / len(outcomes) for kind, spent in described["seconds"].items()}
    samples = (cohort.folder / "samples.safetensors").relative_to(plan.results).as_posix()
    return [
        {
            **where,
            **outcomes[seed],
            **usage,
            "seconds": round(sum(seconds.values()), 3),
            "seconds_by_kind": {kind: round(spent, 3) for kind, spent in seconds.items()},
            "peak_memory_mb": described["peak_memory_mb"],
            "device": described["device"],
            "cohort": list(cohort.seeds),
            "samples": samples,
        }
        for seed in wanted
    ]


def _manifest(
    plan: Plan, runs: list[dict[str, Any]], variants: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    study = plan.study
    counts = Counter(run["status"] for run in runs)
    names = study.settings["datasets"]
    extractors = {name: plan.extractor(name) for name in names}
    return {
        "study": study.name,
        "description": study.settings["description"],
        "protocol": study.settings["protocol"],
        "settings": study.settings,
        "settings_hash": study.hash,
        "expected": len(runs),
        "finished": counts["finished"],
        "diverged": counts["diverged"],
        "failed": counts["failed"],
        "runs": runs,
        "left_out": [asdict(entry) for entry in study.left_out],
        "variants": {name: _variant(name, plan, variants) for name in study.settings["objectives"]},
        "datasets": {name: _dataset(plan, name) for name in names},
        "extractors": {
            name: json.loads(path.read_text(encoding="utf-8"))["extractors"]
            for name, path in extractors.items()
            if path and path.exists()
        },
        "budget": {name: study.section("training", name)["budget"] for name in names},
        **provenance.environment(),
    }


def _variant(name: str, plan: Plan, described: dict[str, dict[str, Any]]) -> dict[str, Any]:
    variant = plan.study.variant(name)
    # No run of this variant has finished: what the study itself knows.
    nothing = ("reference", "divergence", "generator_optimizer", "discriminator_optimizer")
    unknown: dict[str, Any] = {
        **dict.fromkeys((*nothing, "discriminator_steps")),
        "title": name,
        "caveat": "",
        "hyperparameters": variant.hyperparameters,
        "updates": variant.recipe.get("updates"),
        "techniques": {
            technique: {"title": technique, "reference": None, "settings": settings}
            for technique, settings in variant.techniques.items()
        },
        "notes": [],
    }
    source = plan.study.sources[variant.objective]
    builtin = source.parent == Path(objectives.__file__).resolve().parent
    return {
        **described.get(name, unknown),
        "objective": variant.objective,
        "source": f"bench/objectives/{source.name}" if builtin else source.name,
    }


def _dataset(plan: Plan, name: str) -> dict[str, Any]:
    source = plan.study.dataset(name)
    part = plan.study.part(datasets.REGISTRY, name)
    common: dict[str, Any] = {
        "source": part.name,
        "settings": vars(source),
        "kind": source.kind,
        "shape": list(source.shape),
    }
    if isinstance(source, PointSource):
        mixture = source.mixture(name)
        return {
            **common,
            "means": mixture.means.tolist(),
            "std": float(mixture.std),
            "weights": mixture.weights.tolist(),
        }
    about = plan.data(name)
    known = json.loads(about.read_text(encoding="utf-8")) if about and about.exists() else {}
    return {**common, **known}


def _described(cohort: PlannedCohort) -> dict[str, Any] | None:
    """Return a cohort's ``run.json``, unless it is missing or of other settings."""
    path = cohort.folder / "run.json"
    if not path.exists():
        return None
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content if content["cell"] == json.loads(cohort.cell.settings()) else None
