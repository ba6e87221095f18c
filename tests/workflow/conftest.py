"""Runs snakemake as a user does, in a folder of the test's own."""

import os
import re
import shutil
import subprocess
import sys

import pytest

from bench.config import ROOT

PLAIN = ROOT / "tests" / "studies" / "plain.yaml"


class Workflow:
    """A folder with a study in it."""

    def __init__(self, folder, root=ROOT):
        self.folder, self.root = folder, root
        self.study = folder / "plain.yaml"
        shutil.copy(PLAIN, self.study)

    def snakemake(self, *arguments, study=None, environment=None):
        """Return the finished process; its output is in ``stdout``."""
        return subprocess.run(
            [
                *(sys.executable, "-m", "snakemake", "--snakefile", str(self.root / "Snakefile")),
                *("--directory", str(self.folder), "--cores", "2", "--keep-going"),
                *("--config", f"study={study or self.study}", "--rerun-incomplete"),
                *arguments,
            ],
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})},
        )

    def planned(self):
        """Return the number of jobs that a dry run plans, by rule."""
        output = self.snakemake("--dry-run").stdout
        table = re.search(r"Job stats:\njob +count\n[- ]+\n(.*?)\n\n", output, re.DOTALL)
        if table is None:
            assert "Nothing to be done" in output, output
            return {}
        return {name: int(count) for name, count in re.findall(r"(\S+) +(\d+)", table[1])}

    def trained(self):
        """Return the cohorts that a dry run would train."""
        output = self.snakemake("--dry-run").stdout
        return set(re.findall(r"runs/(\S+)/run\.json", "\n".join(_train_outputs(output))))

    @property
    def results(self):
        return self.folder / "results" / "plain"


def _train_outputs(output):
    return re.findall(r"rule train:.*?output: ([^\n]*)", output, re.DOTALL)


@pytest.fixture
def workflow(tmp_path):
    return Workflow(tmp_path)


@pytest.fixture
def checkout(tmp_path):
    """A workflow that runs from a copy of the project, which a test may change."""
    for name in ("bench", "workflow"):
        shutil.copytree(ROOT / name, tmp_path / "checkout" / name)
    shutil.copy(ROOT / "Snakefile", tmp_path / "checkout")
    (tmp_path / "work").mkdir()
    return Workflow(tmp_path / "work", tmp_path / "checkout")


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A finished study, to be copied before it is changed."""
    workflow = Workflow(tmp_path_factory.mktemp("finished"))
    process = workflow.snakemake()
    assert process.returncode == 0, process.stdout
    workflow.output = process.stdout
    return workflow


@pytest.fixture
def copy(finished, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(finished.folder, folder)
    return Workflow(folder)
