"""A run that is killed at any moment and started again ends like one that was not."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from bench import architectures, objectives, records, store
from bench.config import Study
from bench.metrics import classifier
from bench.studies import ROOT
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
        run.train(
            cell, "tiny", [0, 1], tmp_path / name, torch.device("cpu"), store.shipped("ring8")
        )
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
    objective = objectives.create(Path(cell.sources[cell.objective]), {})
    architecture = architectures.REGISTRY.make(cell.networks)
    made = recipe.make(cell, objective)
    data = store.shipped("ring8")
    return Cohort(objective, architecture, data, made, [0, 1], torch.device("cpu"))


IMAGES = """
objectives: [non-saturating, wgan-gp]
datasets: [digits]
architectures: [dcgan]
seeds: [0, 1]
architecture_settings: {{ dcgan: {{ width: 4, latent: 5 }} }}
shared:
  generator_optimizer: {optimizer}
  discriminator_optimizer: {optimizer}
  discriminator_steps: 2
training:
  budget: {{ unit: generator_steps, amount: 12 }}
  batch_size: 8
  snapshots: 6
  reading_batches: 2
  refresh_snapshots: 4
  refresh_steps: 3
  checkpoint_seconds: 0
evaluation: {{ image_samples: 80 }}
"""
OPTIMIZERS = {
    "adam": "{ name: adam, lr: 0.002, betas: [0.5, 0.9] }",
    "momentum": "{ name: sgd, lr: 0.005, momentum: 0.9 }",
}


class Killed(BaseException):
    """What ends a run at once; no code of ours catches it."""


@pytest.fixture(scope="module")
def extractor(tmp_path_factory):
    """A classifier of one training step: features, if poor ones."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(classifier, "SETTINGS", classifier.TrainingSettings(steps=1, epochs=0))
        return classifier.cached(store.shipped("digits"), tmp_path_factory.mktemp("extractors"))


@pytest.fixture
def train(tmp_path, extractor, monkeypatch):
    """Train a cell of digits, killed some steps after a checkpoint and started again, or not.

    Return its folder and the steps that were done, in order.
    """

    def train(variant, optimizer, name, saved_at=(), lost=3):
        path = tmp_path / "images.yaml"
        path.write_text(IMAGES.format(optimizer=OPTIMIZERS[optimizer]))
        cell = Study.load(path).cell(f"digits/dcgan/{variant}")
        done = []
        for step in (*saved_at, None):

            def save(path, cohort, *others, step=step):
                done.append(cohort.step)
                if step in (None, cohort.step):
                    saving(path, cohort, *others)
                if step is not None and cohort.step == step + lost:
                    raise Killed

            with monkeypatch.context() as patch:
                patch.setattr(checkpoint, "save", save)
                where = tmp_path / name, torch.device("cpu"), store.shipped("digits")
                arguments = cell, "images", [0, 1], *where, extractor
                if step is None:
                    run.train(*arguments)
                else:
                    with pytest.raises(Killed):
                        run.train(*arguments)
        return tmp_path / name, done

    saving = checkpoint.save
    return train


def assert_same_end(first, second):
    (table, weights), (other_table, other_weights) = outcome(first), outcome(second)
    assert not table.duplicated(["seed", "step", "metric", "protocol"]).any()
    assert table.equals(other_table)
    pairs = [(weights, other_weights)]
    pairs += [tuple(load_file(folder / "samples.safetensors") for folder in (first, second))]
    for one, other in pairs:
        torch.testing.assert_close(one, other, rtol=0, atol=0, equal_nan=True)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("variant", ["non-saturating", "wgan-gp"])
def test_images_with_running_statistics_end_bit_identical(train, variant, optimizer):
    """Killed twice, once after a snapshot that the checkpoint does not know of."""
    whole, done = train(variant, optimizer, "whole")
    assert done == list(range(1, 13))
    killed, done = train(variant, optimizer, "killed", saved_at=(3, 7))
    assert done == [*range(1, 7), *range(4, 11), *range(8, 13)]
    assert_same_end(whole, killed)
    table, weights = outcome(whole)
    assert sorted(table["step"].unique())[-1] == 12
    assert (table["status"] == records.OK).all()
    counts = [value for name, value in weights.items() if name.endswith("num_batches_tracked")]
    assert counts
    assert all((value == 12 * 3).all() for value in counts)


@pytest.mark.parametrize("saved_at", [5, 6])
def test_a_run_that_diverged_before_it_was_killed_keeps_its_step(train, monkeypatch, saved_at):
    advance = Cohort.advance

    def break_down(cohort):
        if cohort.step == 3:
            with torch.no_grad():
                for value in cohort.generator.parameters.values():
                    value[1] = float("nan")
        advance(cohort)

    monkeypatch.setattr(Cohort, "advance", break_down)
    whole, _ = train("non-saturating", "adam", "whole")
    killed, done = train("non-saturating", "adam", "killed", saved_at=(saved_at,))
    assert done == [*range(1, saved_at + 4), *range(saved_at + 1, 13)]
    assert_same_end(whole, killed)
    table, _ = outcome(killed)
    (row,) = table[table["status"] == records.DIVERGED].itertuples()
    assert (row.seed, row.step, row.metric, row.value) == (1, 4, "diverged", 4)
    assert table[(table["seed"] == 1) & (table["status"] == records.OK)]["step"].max() < 4
    assert table[table["seed"] == 0]["step"].max() == 12
    runs = json.loads((killed / "run.json").read_text())["runs"]
    assert [entry["diverged_at"] for entry in runs] == [None, 4]
