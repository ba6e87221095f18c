"""Gathering: what is there is gathered, what is not is counted."""

import json
import shutil
from pathlib import Path

import pytest
import torch

from bench import manifest, plan, records, store
from bench.config import Study
from bench.report.page import write_report
from bench.training import run

PLAIN = Path(__file__).parent / "studies" / "plain.yaml"


@pytest.fixture(scope="module")
def gathered(tmp_path_factory):
    """A study of which one cohort of four is trained."""
    results = tmp_path_factory.mktemp("results") / "plain"
    study = Study.load(PLAIN)
    made = plan.make(study, results)
    cohort = next(c for c in made.cohorts if c.cell.path == "ring8/mlp/wgan-gp")
    run.train(
        cohort.cell,
        study.name,
        cohort.seeds,
        cohort.folder,
        torch.device("cpu"),
        store.shipped("ring8"),
    )
    manifest.gather(made)
    return made, json.loads((results / "manifest.json").read_text())


def test_missing_runs_are_counted_as_failed(gathered):
    _, content = gathered
    counts = [content[key] for key in ("expected", "finished", "diverged", "failed")]
    assert counts == [8, 2, 0, 6]
    assert content["settings_hash"] == Study.load(PLAIN).hash


def test_the_report_names_what_is_missing(gathered):
    made, _ = gathered
    page = write_report(made.results).read_text()
    assert "2 of 8" in page
    # No run of this variant has finished, so that nothing but its name is known.
    assert "non-saturating" in page
    assert page.count("failed") >= 6


def test_runs_of_other_settings_count_as_missing(gathered, tmp_path):
    made, _ = gathered
    shutil.copytree(made.results, tmp_path / "plain")
    settings = made.study.settings
    training = {**settings["training"], "batch_size": 8}
    other = Study("plain", made.study.path, {**settings, "training": training})
    manifest.gather(plan.make(other, tmp_path / "plain"))
    content = json.loads((tmp_path / "plain" / "manifest.json").read_text())
    assert [content[key] for key in ("finished", "failed")] == [0, 8]
    assert write_report(tmp_path / "plain").exists()


def test_the_rows_of_finished_runs_are_there(gathered):
    made, content = gathered
    table = records.read(made.results / "metrics.parquet")
    assert set(table["variant"]) == {"wgan-gp"}
    assert set(table["seed"]) == {0, 1}
    finished = [entry for entry in content["runs"] if entry["status"] == "finished"]
    assert {entry["seed"] for entry in finished} == {0, 1}
    for entry in finished:
        assert entry["steps"] == 40
        assert entry["discriminator_steps"] == 40
        assert entry["samples_seen"] == 40 * 16
        assert entry["seconds"] > 0
        assert (made.results / entry["samples"]).exists()


def test_a_run_says_what_made_it(gathered):
    made, content = gathered
    (folder,) = (cohort.folder for cohort in made.cohorts if cohort.folder.exists())
    described = json.loads((folder / "run.json").read_text())
    assert described["cell"] == json.loads(made.study.cell("ring8/mlp/wgan-gp").settings())
    assert described["objective"]["hyperparameters"] == {"penalty_weight": 10.0}
    for key in ("versions", "hardware", "code", "seconds", "peak_memory_mb", "device"):
        assert described[key]
    assert content["versions"]["torch"].split("+")[0] == torch.__version__.split("+")[0]


def test_an_explosion_is_a_row_and_the_job_succeeds(tmp_path):
    study = Study.load(PLAIN)
    shared = {
        "generator_optimizer": {"name": "sgd", "lr": 1e30},
        "discriminator_optimizer": {"name": "sgd", "lr": 1e30},
        "discriminator_steps": 1,
    }
    exploding = Study("plain", study.path, {**study.settings, "shared": shared})
    made = plan.make(exploding, tmp_path / "plain")
    cohort = next(c for c in made.cohorts if c.cell.path == "ring8/mlp/wgan-gp")
    run.train(
        cohort.cell,
        "plain",
        cohort.seeds,
        cohort.folder,
        torch.device("cpu"),
        store.shipped("ring8"),
    )
    table = records.read(cohort.folder / "metrics.parquet")
    diverged = table[table["status"] == records.DIVERGED]
    assert set(diverged["seed"]) == {0, 1}
    assert (diverged["metric"] == "diverged").all()
    assert (diverged["value"] == diverged["step"]).all()
    # Nothing is measured of a run that has diverged.
    for seed, step in zip(diverged["seed"], diverged["step"], strict=True):
        kept = table[(table["seed"] == seed) & (table["status"] == records.OK)]
        assert (kept["step"] < step).all()
    manifest.gather(made)
    content = json.loads((tmp_path / "plain" / "manifest.json").read_text())
    assert content["diverged"] == 2
