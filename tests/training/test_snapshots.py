"""What a snapshot measures, and what has diverged."""

from itertools import count
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from bench import records, store
from bench.config import Study
from bench.metrics.evaluator import EvaluationSettings, Evaluator
from bench.records import Measurement
from bench.studies import ROOT
from bench.training.checkpoint import Progress
from bench.training.cohort import Cohort
from bench.training.snapshots import KEPT_SAMPLES, Snapshots


def snapshots(cohort):
    cell = Study.load(ROOT / "tests" / "studies" / "plain.yaml").cell("ring8/mlp/wgan-gp")
    ring = store.shipped("ring8")
    evaluator = Evaluator(ring, EvaluationSettings(**cell.evaluation))
    return Snapshots(cell, cohort, ring, evaluator, Progress([], {}))


def test_samples_come_from_the_same_latents_under_every_objective(make):
    first, second = snapshots(make("wgan-gp")), snapshots(make("hinge"))
    assert (first.samples(50) == second.samples(50)).all()
    assert (first.samples(20) == first.samples(50)[:, :20]).all()


def test_finite_losses_with_samples_far_out_are_a_divergence(make):
    cohort = make("wgan-gp")
    with torch.no_grad():
        cohort.generator.parameters["4.weight"][1] *= 1e6
    made = snapshots(cohort)
    made.measure()
    assert cohort.diverged_at.tolist() == [-1, 0]
    assert {row[0] for row in made.progress.rows} == {0}
    # A divergence keeps its first step.
    cohort.step = 5
    made.measure()
    assert cohort.diverged_at.tolist() == [-1, 0]


def test_time_is_kept_by_kind(make):
    made = snapshots(make("wgan-gp"))
    made.measure()
    assert set(made.progress.seconds) == {"evaluation", "readings", "refresh"}
    assert all(seconds > 0 for seconds in made.progress.seconds.values())


class Spy(Cohort):
    """A cohort that keeps the latents that it generates from."""

    def __init__(self, *arguments):
        self.latents = []
        super().__init__(*arguments)

    def _generated(self, generator, latent, labels):
        self.latents.append(latent)
        return super()._generated(generator, latent, labels)


class Mean:
    """An evaluator that says which samples it was given."""

    samples_needed = 30

    def evaluate(self, samples):
        assert len(samples) == self.samples_needed
        return [Measurement("mean", "of-30", float(samples.mean()))]


def stubbed(cohort, dataset="ring8", progress=None):
    """Return snapshots of a cohort under the settings of ``plain.yaml``, evaluated by a stub."""
    architecture = "mlp" if dataset == "ring8" else "dcgan"
    study = Study.load(ROOT / "tests" / "studies" / "plain.yaml")
    cell = study.cell(f"{dataset}/{architecture}/wgan-gp")
    data = store.shipped(dataset)
    return Snapshots(cell, cohort, data, Mean(), progress or Progress([], {}))


def test_samples_come_from_the_same_latents_at_every_step(make):
    cohorts = [make(name, kind=Spy) for name in ("wgan-gp", "non-saturating")]
    drawn = []
    for cohort in cohorts:
        made = stubbed(cohort)
        for _ in range(2):
            cohort.advance()
            # The second are those of a run that was resumed at this step.
            for sampler in (made, stubbed(cohort)):
                cohort.latents.clear()
                sampler.samples(40)
                drawn += cohort.latents
    assert len(drawn) == 8
    assert all(torch.equal(latent, drawn[0]) for latent in drawn)
    assert len(drawn[0].flatten(end_dim=1).unique(dim=0)) == 2 * 40


def test_more_samples_than_one_pass_makes_are_all_different(make):
    class Many(Mean):
        samples_needed = 2500

    cohort = make("wgan-gp", kind=Spy)
    study = Study.load(ROOT / "tests" / "studies" / "plain.yaml")
    cell, ring = study.cell("ring8/mlp/wgan-gp"), store.shipped("ring8")
    made = Snapshots(cell, cohort, ring, Many(), Progress([], {})).samples(2500)
    assert made.shape == (2, 2500, 2)
    cohort.generator.train(False)
    with torch.no_grad():
        plain = cohort.generate(torch.cat(cohort.latents, dim=1))
    np.testing.assert_allclose(made, plain.numpy(), rtol=1e-5, atol=1e-6)
    assert len(torch.cat(cohort.latents, dim=1)[0].unique(dim=0)) == 2500


@pytest.mark.parametrize("run", [0, 1])
def test_samples_are_of_the_generator_in_evaluation_mode(make, cells, run):
    """In training mode a sample would depend on its neighbours, and the statistics move."""
    cohort = make("non-saturating", "dcgan", kind=Spy)
    made = stubbed(cohort, "digits")
    cohort.advance()
    cohort.latents.clear()
    before = {name: value.clone() for name, value in cohort.generator.buffers.items()}
    samples = made.samples(KEPT_SAMPLES)
    assert all(torch.equal(value, before[name]) for name, value in cohort.generator.buffers.items())
    nets, shape = cells["dcgan"]
    generator = nets.generator(shape).eval()
    state = cohort.generator.state()
    generator.load_state_dict({name: value[run] for name, value in state.items()})
    with torch.no_grad():
        plain = generator(torch.cat(cohort.latents, dim=1)[run]).numpy()
    np.testing.assert_allclose(samples[run], plain, rtol=1e-4, atol=1e-6)


def test_each_runs_rows_are_of_its_own_samples_at_the_step(make):
    cohort = make("wgan-gp", seeds=(7, 3))
    made = stubbed(cohort)
    made.measure()
    cohort.advance()
    made.measure()
    rows = [row for row in made.progress.rows if row[2] == "mean"]
    assert [row[:2] for row in rows] == [(7, 0), (3, 0), (7, 1), (3, 1)]
    means = made.samples(30).mean(axis=(1, 2))
    assert [row[4] for row in rows[2:]] == pytest.approx(means.tolist(), rel=1e-5)
    assert {row[5] for row in made.progress.rows} == {records.OK}
    for seed, step in ((7, 0), (3, 1)):
        metrics = [row[2:4] for row in made.progress.rows if row[:2] == (seed, step)]
        assert ("loss_discriminator", records.ONLINE) in metrics
        assert len(set(metrics)) == len(metrics)


def test_refreshed_readings_are_taken_at_their_steps_alone(make):
    cohort = make("wgan-gp")
    made = stubbed(cohort)
    # The cohort's 100 steps, six snapshots of them, three refreshed.
    assert made.steps[0] == 0
    assert made.steps[-1] == 100
    assert len(made.steps) == 6
    for step in made.steps:
        cohort.step = step
        made.measure()
    refreshed = sorted({row[1] for row in made.progress.rows if row[3] == records.REFRESHED})
    online = sorted({row[1] for row in made.progress.rows if row[3] == records.ONLINE})
    assert online == made.steps
    assert len(refreshed) == 3
    assert {refreshed[0], refreshed[-1]} == {0, 100}
    # Each refresh has batches of its own, though nothing else has changed.
    estimates = {
        row[4] for row in made.progress.rows if row[3] == records.REFRESHED and row[0] == 0
    }
    assert len(estimates) == 3 * 5


@pytest.mark.parametrize(
    ("architecture", "value", "diverges"),
    [
        ("mlp", 1e9, True),
        ("mlp", float("inf"), True),
        ("mlp", float("nan"), True),
        ("mlp", 1.0, False),
        ("dcgan", float("nan"), True),
        # A final tanh keeps images in range.
        ("dcgan", 1e9, False),
    ],
)
def test_broken_samples_are_a_divergence_of_their_run_alone(make, architecture, value, diverges):
    cohort = make("wgan-gp", architecture, seeds=(5, 6))
    made = stubbed(cohort, "ring8" if architecture == "mlp" else "digits")
    made.measure()
    cohort.advance()
    assert all(torch.isfinite(losses).all() for losses in cohort.losses)
    bias = list(cohort.generator.parameters.values())[-1]
    with torch.no_grad():
        bias[1] = value
    made.measure()
    assert cohort.diverged_at.tolist() == [-1, 1 if diverges else -1]
    assert {row[0] for row in made.progress.rows if row[1] == 1} == ({5} if diverges else {5, 6})
    # What was measured before stays.
    assert {row[0] for row in made.progress.rows if row[1] == 0} == {5, 6}


@pytest.mark.parametrize(("factor", "diverged"), [(900, False), (1100, True)])
@pytest.mark.parametrize("sign", [-1, 1])
def test_the_bound_is_a_thousand_times_the_datas_range(make, factor, diverged, sign):
    cohort = make("wgan-gp")
    made = stubbed(cohort)
    weight, bias = list(cohort.generator.parameters.values())[-2:]
    with torch.no_grad():
        weight[1] = 0
        bias[1] = torch.tensor([0, sign * factor * np.sqrt(2)])
    cohort.step = 4
    made.measure()
    assert cohort.diverged_at.tolist() == [-1, 4 if diverged else -1]


def test_time_adds_up_by_kind(make, monkeypatch):
    progress = Progress([], {"training": 10.0, "other": 1.0})
    made = stubbed(make("wgan-gp"), progress=progress)
    # A clock that is a second later at each look.
    ticks = count()
    clock = SimpleNamespace(perf_counter=lambda: float(next(ticks)))
    monkeypatch.setattr("bench.training.snapshots.time", clock)
    for kind in ("training", "training", "evaluation"):
        with made.timed(kind):
            clock.perf_counter()
    assert progress.seconds == {"training": 14.0, "other": 1.0, "evaluation": 2.0}
