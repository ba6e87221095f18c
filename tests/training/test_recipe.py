"""How long a run is and when it is measured."""

from dataclasses import replace

import numpy as np
import pytest

from bench import objectives
from bench.config import Study
from bench.optimizers import Optimizer, adam, rmsprop, sgd
from bench.studies import ROOT
from bench.training import recipe
from bench.training.recipe import refreshed_steps, snapshot_steps

TOTALS = (1, 2, 7, 19, 20, 21, 40, 100, 1000, 3000, 50_000)
COUNTS = (2, 3, 5, 12, 20, 40)


@pytest.mark.parametrize("total", TOTALS)
@pytest.mark.parametrize("count", COUNTS)
def test_snapshots_go_from_the_start_to_the_end_without_repeats(total, count):
    steps = snapshot_steps(total, count)
    assert steps[0] == 0
    assert steps[-1] == total
    assert steps == sorted(set(steps))
    assert len(steps) <= count
    assert all(isinstance(step, int) for step in steps)


@pytest.mark.parametrize("count", [12, 20, 40])
@pytest.mark.parametrize("total", [1000, 3000, 50_000])
def test_snapshots_are_log_spaced_from_ten(total, count):
    steps = snapshot_steps(total, count)
    assert len(steps) == count
    assert steps[1] == 10
    spacing = np.diff(np.log(steps[1:]))
    # Whole numbers near ten are coarse; later ones are not.
    assert spacing[-5:] == pytest.approx(np.log(total / 10) / (count - 2), rel=0.1)


def test_a_short_run_is_measured_at_every_step():
    assert snapshot_steps(3, 20) == [0, 1, 2, 3]


@pytest.mark.parametrize("total", TOTALS)
@pytest.mark.parametrize("count", [0, 1, 2, 5, 20, 100])
def test_refreshed_snapshots_are_some_of_them_and_the_last(total, count):
    snapshots = snapshot_steps(total, 20)
    steps = refreshed_steps(snapshots, count)
    assert len(steps) == min(count, len(snapshots))
    assert set(steps) <= set(snapshots)
    assert steps == sorted(set(steps))
    assert not steps or steps[-1] == total


def test_refreshed_snapshots_are_spread_evenly():
    assert refreshed_steps(list(range(0, 101, 10)), 3) == [0, 50, 100]


def cell(unit, amount, **changes):
    study = Study.load(ROOT / "tests" / "studies" / "plain.yaml")
    budget = {"unit": unit, "amount": amount}
    shared = {
        "generator_optimizer": {"name": "adam", "lr": 0.1, "betas": [0.5, 0.9]},
        "discriminator_optimizer": {"name": "sgd", "lr": 0.2},
        "discriminator_steps": 3,
    }
    base = study.cell("ring8/mlp/wgan-gp")
    training = {**base.training, "budget": budget, "batch_size": 10}
    return replace(base, **{"training": training, "shared": shared, **changes})


WGAN_GP = objectives.create(objectives.find()["wgan-gp"], {})


@pytest.mark.parametrize(
    ("unit", "amount", "steps"),
    [
        ("generator_steps", 100, 100),
        ("discriminator_steps", 100, 33),
        ("discriminator_steps", 99, 33),
        ("discriminator_steps", 98, 32),
        ("discriminator_steps", 2, 1),
        ("samples_seen", 1000, 33),
        ("samples_seen", 990, 33),
        ("samples_seen", 989, 32),
        ("samples_seen", 5, 1),
    ],
)
def test_the_budget_is_counted_in_its_unit(unit, amount, steps):
    """Whole steps that it pays for in full, with three discriminator steps and batches of ten."""
    assert recipe.make(cell(unit, amount), WGAN_GP).generator_steps == steps


@pytest.mark.parametrize(
    ("unit", "steps"), [("generator_steps", 149), ("discriminator_steps", 29), ("samples_seen", 2)]
)
def test_a_papers_step_ratio_counts_under_its_protocol(unit, steps):
    assert recipe.make(cell(unit, 149, shared=None), WGAN_GP).generator_steps == steps


def test_shared_settings_are_the_studys_and_paper_settings_the_objectives():
    shared = recipe.make(cell("generator_steps", 9), WGAN_GP)
    assert shared.discriminator_steps == 3
    assert (shared.generator_optimizer.lr, shared.discriminator_optimizer.name) == (0.1, "sgd")
    paper = recipe.make(cell("generator_steps", 9, shared=None), WGAN_GP)
    assert paper.discriminator_steps == 5
    assert paper.generator_optimizer == paper.discriminator_optimizer == adam(1e-4, 0.0, 0.9)


def test_each_player_has_its_own_optimiser_with_its_options():
    made = recipe.make(cell("generator_steps", 9), WGAN_GP)
    assert made.generator_optimizer == adam(0.1, 0.5, 0.9)
    assert made.discriminator_optimizer == Optimizer("sgd", 0.2)
    assert made.batch_size == 10

    class Lopsided(type(WGAN_GP)):
        generator_optimizer = sgd(0.3, momentum=0.5)
        discriminator_optimizer = rmsprop(0.4)

    paper = recipe.make(cell("generator_steps", 9, shared=None), Lopsided())
    assert paper.generator_optimizer == sgd(0.3, momentum=0.5)
    assert paper.discriminator_optimizer == rmsprop(0.4)


def test_a_variants_own_recipe_stands_above_the_shared_one():
    own = {
        "discriminator_steps": 7,
        "updates": "simultaneous",
        "generator_optimizer": {"name": "rmsprop", "lr": 0.5},
    }
    made = recipe.make(cell("discriminator_steps", 21, recipe=own), WGAN_GP)
    assert made.discriminator_steps == 7
    assert made.generator_steps == 3
    assert made.simultaneous
    assert made.generator_optimizer == rmsprop(0.5)
    assert made.discriminator_optimizer == Optimizer("sgd", 0.2)
    assert not recipe.make(cell("discriminator_steps", 21), WGAN_GP).simultaneous


def test_a_variants_own_recipe_stands_above_its_papers():
    own = {"discriminator_steps": 2}
    made = recipe.make(cell("generator_steps", 9, shared=None, recipe=own), WGAN_GP)
    assert made.discriminator_steps == 2
    assert made.generator_optimizer == adam(1e-4, 0.0, 0.9)
