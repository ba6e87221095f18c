"""Small tables by hand."""

from types import SimpleNamespace

import pytest

from bench import records
from bench.analysis.results import Results


def row(variant, seed, step, value, metric="w1", protocol="stratified-1000", **other):
    return {
        "study": "s",
        "dataset": "ring8",
        "architecture": "mlp",
        "variant": variant,
        "objective": variant,
        "seed": seed,
        "step": step,
        "metric": metric,
        "protocol": protocol,
        "value": value,
        "status": records.OK,
        **other,
    }


def diverged(variant, seed, step):
    return row(variant, seed, step, float(step), "diverged", "training", status=records.DIVERGED)


def results(rows, runs=()):
    rows = list(rows)
    manifest = {
        "datasets": {"ring8": {"kind": "mixture"}},
        "variants": dict.fromkeys(r["variant"] for r in rows),
        "runs": list(runs),
    }
    return Results(records.frame(rows), manifest)


@pytest.fixture
def make():
    """Helpers that build rows and results."""
    return SimpleNamespace(row=row, diverged=diverged, results=results)
