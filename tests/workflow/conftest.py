"""Runs snakemake as a user does, in a folder of the test's own."""

import os
import re
import shutil
import subprocess
import sys

import pytest

from bench.studies import ROOT

PLAIN = ROOT / "tests" / "studies" / "plain.yaml"


class Workflow:
    """A folder with a study in it."""

    def __init__(self, folder, root=ROOT):
        self.folder, self.root = folder, root
        self.study = folder / "plain.yaml"
        shutil.copy(PLAIN, self.study)

    def snakemake(self, *arguments, interpreter=sys.executable, environment=None):
        """Return the finished process; its output is in ``stdout``."""
        return subprocess.run(
            [
                *(str(interpreter), "-m", "snakemake", "--snakefile", str(self.root / "Snakefile")),
                *("--directory", str(self.folder), "--cores", "2", "--keep-going"),
                *("--config", f"study={self.study}", "--rerun-incomplete"),
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
        return set(re.findall(r"runs/(\S+)/run\.json", "\n".join(self._outputs("train"))))

    def controlled(self):
        """Return the datasets whose control rows a dry run would make."""
        return set(re.findall(r"controls/(\S+)\.parquet", "\n".join(self._outputs("controls"))))

    @property
    def results(self):
        return self.folder / "results" / "plain"

    def _outputs(self, rule):
        output = self.snakemake("--dry-run").stdout
        return re.findall(rf"rule {rule}:.*?output: ([^\n]*)", output, re.DOTALL)


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
