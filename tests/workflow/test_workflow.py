"""The workflow end to end, as a user runs it."""

import json
import subprocess
import sys
import time
import tomllib

import pandas as pd
import pytest
import yaml

from bench import records
from bench.config import Study
from bench.studies import ROOT


def change(workflow, **changes):
    study = yaml.safe_load(workflow.study.read_text())
    workflow.study.write_text(yaml.safe_dump({**study, **changes}))


def test_the_plan_has_every_job(workflow):
    assert workflow.planned() == {
        **{"all": 1, "data": 1, "features": 1, "controls": 2, "train": 4, "gather": 1, "report": 1},
        "total": 11,
    }


def test_quick_is_the_default_and_plans_every_cell():
    process = subprocess.run(
        [sys.executable, "-m", "snakemake", "--dry-run", "--forceall", "--cores", "2"],
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert process.returncode == 0, process.stdout
    cells = len(Study.load("quick").cells)
    assert any(line.split() == ["train", str(cells)] for line in process.stdout.splitlines())


def test_a_study_yields_table_manifest_and_report(finished):
    table = records.read(finished.results / "metrics.parquet")
    assert list(table.columns) == list(records.COLUMNS)
    pd.testing.assert_frame_equal(
        table.astype(records.COLUMNS),
        pd.read_csv(finished.results / "metrics.csv", keep_default_na=False).astype(
            records.COLUMNS
        ),
        check_exact=False,
    )
    key = [column for column in records.COLUMNS if column not in ("value", "status")]
    assert not table.duplicated(key).any()
    trained = table[table["objective"] != records.CONTROL]
    runs = trained.groupby(["dataset", "architecture", "variant", "seed"])
    assert len(runs) == 8
    assert (runs["step"].nunique() == 6).all()
    for dataset, metrics in {"ring8": ["w1", "modes", "kl_plus"], "digits": ["fid", "kid"]}.items():
        rows = trained[trained["dataset"] == dataset]
        for metric in [*metrics, "estimate", "loss_generator", "grad_norm_discriminator"]:
            assert (rows["metric"] == metric).any(), (dataset, metric)
    refreshed = trained[trained["protocol"] == records.REFRESHED]
    assert (refreshed.groupby(["dataset", "variant", "seed"])["step"].nunique() == 3).all()
    manifest = json.loads((finished.results / "manifest.json").read_text())
    counts = {key: manifest[key] for key in ("expected", "finished", "diverged", "failed")}
    assert counts == {"expected": 8, "finished": 8, "diverged": 0, "failed": 0}
    assert {entry["reason"][:5] for entry in manifest["left_out"]} == {"dcgan", "mlp t"}
    assert manifest["extractors"]["digits"][0]["accuracy"] > 0.96
    page = (finished.results / "report" / "index.html").read_text()
    for entry in manifest["left_out"]:
        assert entry["reason"] in page
    assert list((finished.results / "report" / "tables").glob("*.csv"))
    assert list((finished.results / "report" / "figures").glob("*.svg"))


def test_the_last_line_names_the_report(finished):
    named = [line for line in finished.output.splitlines() if "report/index.html" in line]
    assert named[-1].endswith(str(finished.results / "report" / "index.html"))


def test_untrained_controls_are_the_runs_first_snapshots(finished):
    table = records.read(finished.results / "metrics.parquet")
    controls = table[(table["variant"] == records.UNTRAINED) & (table["metric"] == "w1")]
    first = table[
        (table["variant"] == "wgan-gp")
        & (table["step"] == 0)
        & (table["metric"] == "w1")
        & table["protocol"].isin(controls["protocol"])
    ]
    merged = controls.merge(first, on=["dataset", "architecture", "seed", "protocol"])
    assert len(merged) == 4
    assert merged["value_x"].to_numpy() == pytest.approx(merged["value_y"].to_numpy(), rel=1e-5)


def test_a_second_run_has_nothing_to_do(copy):
    start = time.monotonic()
    process = copy.snakemake()
    assert "Nothing to be done" in process.stdout
    assert time.monotonic() - start < 10


def test_an_added_seed_trains_that_seed_alone(copy):
    change(copy, seeds=[0, 1, 2])
    cells = ["ring8/mlp/non-saturating", "ring8/mlp/wgan-gp"]
    cells += ["digits/dcgan/non-saturating", "digits/dcgan/wgan-gp"]
    assert copy.trained() == {f"{cell}/seeds-2" for cell in cells}
    assert copy.controlled() == {"ring8", "digits"}
    change(copy, seeds=[0])
    assert copy.trained() == set()


def test_an_added_objective_trains_its_cells_alone(copy):
    change(copy, objectives=["non-saturating", "wgan-gp", "hinge"])
    assert copy.trained() == {"ring8/mlp/hinge/seeds-0to1", "digits/dcgan/hinge/seeds-0to1"}


def test_an_added_dataset_trains_its_cells_alone(copy):
    change(copy, datasets=["ring8", "digits", "grid25"])
    assert {path.split("/")[0] for path in copy.trained()} == {"grid25"}


def test_changed_settings_train_the_cells_that_have_them(copy):
    change(copy, per_dataset={"ring8": {"training": {"batch_size": 8}}})
    assert {path.split("/")[0] for path in copy.trained()} == {"ring8"}


def test_other_networks_train_again_and_have_other_controls(copy):
    change(copy, architecture_settings={"mlp": {"width": 8}, "dcgan": {"width": 4, "latent": 8}})
    assert {path.split("/")[0] for path in copy.trained()} == {"ring8"}
    assert copy.controlled() == {"ring8"}


def test_an_edited_dataset_trains_again_what_uses_it(checkout):
    change(checkout, objectives=["wgan-gp"], datasets=["ring8", "grid25"])
    process = checkout.snakemake()
    assert process.returncode == 0, process.stdout
    assert checkout.trained() == set()
    with (checkout.root / "bench" / "datasets" / "ring8.py").open("a") as file:
        file.write("\n# Another version.\n")
    assert checkout.trained() == {"ring8/mlp/wgan-gp/seeds-0to1"}
    assert checkout.controlled() == {"ring8"}


def test_another_interpreter_makes_no_result_out_of_date(copy, tmp_path):
    other = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--system-site-packages", other], check=True)
    site = next(path for path in sys.path if path.endswith("site-packages"))
    process = copy.snakemake(
        "--dry-run", interpreter=other / "bin" / "python", environment={"PYTHONPATH": site}
    )
    assert "Nothing to be done" in process.stdout, process.stdout


def test_an_unknown_configuration_key_is_named(workflow):
    process = workflow.snakemake("--config", "studdy=mine")
    assert process.returncode != 0
    assert "key 'studdy' is unknown; did you mean 'study'?" in process.stdout


def test_a_mistake_is_one_line_and_leaves_results_alone(copy):
    before = {path: path.stat().st_mtime_ns for path in copy.results.rglob("*")}
    change(copy, objectives=["wgan-pg"])
    process = copy.snakemake()
    assert process.returncode != 0
    (line,) = [line for line in process.stdout.splitlines() if line.strip()]
    assert "objectives: objective 'wgan-pg' is unknown; did you mean 'wgan-gp'?" in line
    assert {path: path.stat().st_mtime_ns for path in copy.results.rglob("*")} == before


def test_snakemakes_own_report_holds_page_tables_and_figures(copy):
    process = copy.snakemake("--report", "report.zip")
    assert process.returncode == 0, process.stdout
    assert (copy.folder / "report.zip").stat().st_size > 10_000


def test_the_workflow_is_linted_and_formatted():
    for command in (["snakemake", "--lint"], ["snakefmt", "--check", "Snakefile", "workflow"]):
        process = subprocess.run(
            [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True
        )
        assert process.returncode == 0, process.stdout + process.stderr


def test_the_conda_environment_has_the_projects_packages():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    environment = yaml.safe_load((ROOT / "workflow" / "envs" / "bench.yaml").read_text())
    packages = environment["dependencies"][-1]["pip"]
    assert packages == [name for name in project["dependencies"] if "snakemake" not in name]
