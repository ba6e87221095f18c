"""The README's objective, installed each of the three ways and trained by the workflow."""

import json
import re

import pytest
import yaml

from bench.studies import ROOT

RUN = "results/plain/runs/ring8/mlp/{name}/seeds-0to1/run.json"


@pytest.fixture(scope="module")
def source():
    """The complete objective that the README shows."""
    text = (ROOT / "README.md").read_text()
    (code,) = [
        block
        for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL)
        if "(Objective)" in block
    ]
    return code


def study_with(workflow, **changes):
    study = yaml.safe_load(workflow.study.read_text())
    workflow.study.write_text(yaml.safe_dump({**study, "datasets": ["ring8"], **changes}))


def test_a_path_in_the_study(workflow, source):
    (workflow.folder / "plugins").mkdir()
    (workflow.folder / "plugins" / "my_gan.py").write_text(source)
    study_with(workflow, plugins=["plugins/my_gan.py"], objectives=["my-gan", "wgan-gp"])
    process = workflow.snakemake()
    assert process.returncode == 0, process.stdout
    page = (workflow.results / "report" / "index.html").read_text()
    assert "Nobody 2026, My GAN" in page
    # An edit trains again exactly the runs that use it.
    with (workflow.folder / "plugins" / "my_gan.py").open("a") as file:
        file.write("\n# Another version.\n")
    assert workflow.trained() == {"ring8/mlp/my-gan/seeds-0to1"}


def test_an_entry_point(workflow, source, tmp_path):
    site = tmp_path / "site"
    information = site / "my_gan-1.0.dist-info"
    information.mkdir(parents=True)
    (site / "my_gan.py").write_text(source)
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: my-gan\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text("[bench.objectives]\nmy-gan = my_gan\n")
    study_with(workflow, objectives=["my-gan"])
    target = RUN.format(name="my-gan")
    process = workflow.snakemake(target, environment={"PYTHONPATH": str(site)})
    assert process.returncode == 0, process.stdout


def test_a_file_in_the_package(checkout, source):
    (checkout.root / "bench" / "objectives" / "my_gan.py").write_text(source)
    study_with(checkout, objectives=["my-gan"])
    process = checkout.snakemake(RUN.format(name="my-gan"))
    assert process.returncode == 0, process.stdout


def test_a_broken_plugin_takes_nothing_else_down(workflow, source):
    (workflow.folder / "broken.py").write_text("import torch\nraise RuntimeError('my own fault')\n")
    study_with(workflow, plugins=["broken.py"], objectives=["broken", "wgan-gp"])
    process = workflow.snakemake("--show-failed-logs")
    assert process.returncode != 0
    assert "RuntimeError: my own fault" in process.stdout
    assert "broken.py" in process.stdout
    assert (workflow.folder / RUN.format(name="wgan-gp")).exists()
    # What has finished is reported all the same, and what has not is counted.
    manifest = json.loads((workflow.results / "manifest.json").read_text())
    counts = [manifest[key] for key in ("expected", "finished", "failed")]
    assert counts == [4, 2, 2]
    assert "broken" in (workflow.results / "report" / "index.html").read_text()
