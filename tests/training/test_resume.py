"""A run that is killed at any moment and started again ends like one that was not."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from bench import architectures, datasets, objectives, records
from bench.config import ROOT, Study
from bench.training import checkpoint, recipe, run
from bench.training.cohort import Cohort

STUDY = """
objectives: [wgan, wgan-gp]
datasets: [ring8]
architectures: [mlp]
seeds: [0, 1]
architecture_settings: { mlp: { width: 16 } }
shared:
  generator_optimizer: { name: adam, lr: 0.001, betas: [0.5, 0.9] }
  discriminator_optimizer: { name: rmsprop, lr: 0.001 }
  discriminator_steps: 2
training:
  budget: { unit: generator_steps, amount: 300 }
  batch_size: 16
  snapshots: 6
  refresh_snapshots: 3
  refresh_steps: 10
  checkpoint_seconds: 0
evaluation: { mode_samples: 200, transport_samples: 50, selection_samples: 50 }
"""


def command(study, variant, output):
    cell = f"ring8/mlp/{variant}"
    return [
        *(sys.executable, "-m", "bench", "train", "--study", str(study)),
        *("--cell", cell, "--seeds", "0to1", "--output", str(output)),
    ]


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    path = tmp_path_factory.mktemp("study") / "tiny.yaml"
    path.write_text(STUDY)
    return path


def environment():
    return {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}


def outcome(folder):
    return records.read(folder / "metrics.parquet"), load_file(folder / "weights.safetensors")


def test_a_killed_run_ends_bit_identical(study, tmp_path):
    variant = "wgan-gp"
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    subprocess.run(command(study, variant, whole), env=environment(), check=True)
    assert not (whole / "checkpoint.safetensors").exists()
    kills = 0
    while True:
        process = subprocess.Popen(command(study, variant, killed), env=environment())
        point = killed / "checkpoint.safetensors"
        before = point.stat().st_mtime_ns if point.exists() else 0
        # Kill in the middle of training: some checkpoints after this process's first.
        while process.poll() is None and kills < 3:
            if point.exists() and point.stat().st_mtime_ns != before:
                time.sleep(0.15)
                process.send_signal(signal.SIGKILL)
                break
            time.sleep(0.005)
        if process.wait() == 0:
            break
        kills += 1
    assert kills == 3
    (table, weights), (other_table, other_weights) = outcome(whole), outcome(killed)
    assert table.equals(other_table)
    assert weights.keys() == other_weights.keys()
    assert all(torch.equal(weights[name], other_weights[name]) for name in weights)


def test_a_repeated_run_is_bit_identical(study, tmp_path):
    cell = Study.load(study).cell("ring8/mlp/wgan")
    for name in ("first", "second"):
        run.train(cell, "tiny", [0, 1], tmp_path / name, torch.device("cpu"))
    (table, weights), (other_table, other_weights) = (
        outcome(tmp_path / "first"),
        outcome(tmp_path / "second"),
    )
    assert table.equals(other_table)
    assert all(torch.equal(weights[name], other_weights[name]) for name in weights)


def test_a_checkpoint_of_other_settings_is_not_resumed(study, tmp_path):
    cell = Study.load(study).cell("ring8/mlp/wgan")
    cohort = prepared(cell)
    cohort.advance()
    path = tmp_path / "checkpoint.safetensors"
    checkpoint.save(path, cohort, checkpoint.Progress([], {}), "these settings")
    fresh = prepared(cell)
    assert checkpoint.restore(path, fresh, "other settings") is None
    assert fresh.step == 0
    assert checkpoint.restore(path, fresh, "these settings") is not None
    assert fresh.step == 1


@pytest.mark.parametrize("content", [b"", b"\x00" * 64])
def test_a_broken_checkpoint_is_not_resumed(study, tmp_path, content):
    path = tmp_path / "checkpoint.safetensors"
    path.write_bytes(content)
    cohort = prepared(Study.load(study).cell("ring8/mlp/wgan"))
    assert checkpoint.restore(path, cohort, "any") is None


def prepared(cell):
    objective = objectives.create(Path(cell.source), {})
    architecture = architectures.family("mlp")(**cell.architecture_settings)
    made = recipe.make(cell, objective)
    data = datasets.load("ring8")
    return Cohort(objective, architecture, data, made, [0, 1], torch.device("cpu"))
