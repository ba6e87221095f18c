"""Trials: the same budget and the same draws for every objective."""

import numpy as np
import pytest
import yaml
from scipy import stats

from bench.config import Study
from bench.search import draw
from bench.studies import StudyError

BOTH = ["recipe.generator_optimizer.lr", "recipe.discriminator_optimizer.lr"]
RANGES = {
    "learning_rate": {"sets": BOTH, "log_uniform": [1e-5, 1e-2]},
    "beta1": {"sets": ["recipe.generator_optimizer.betas.0"], "uniform": [0.0, 1.0]},
    "steps": {"sets": ["recipe.discriminator_steps"], "choice": [1, 5]},
    "clip": {"sets": ["clip"], "objectives": ["wgan"], "log_uniform": [1e-3, 1.0]},
}
BASE = {
    "objectives": ["minimax", "wgan"],
    "datasets": ["ring8"],
    "architectures": ["mlp"],
    "seeds": [0],
    "search": {"trials": 3, "ranges": RANGES},
}


def load(folder, **changes):
    path = folder / "searched.yaml"
    path.write_text(yaml.safe_dump({**BASE, **changes}))
    return Study.load(path)


def test_every_objective_gets_the_same_trials(tmp_path):
    study = load(tmp_path)
    trials = {cell.variant: cell for cell in study.cells}
    assert list(trials) == [f"{name}.t{trial}" for name in BASE["objectives"] for trial in range(3)]
    for trial in range(3):
        first, second = trials[f"minimax.t{trial}"], trials[f"wgan.t{trial}"]
        assert first.recipe == second.recipe
        assert first.hyperparameters == {}
        assert set(second.hyperparameters) == {"clip"}
        both = [
            first.recipe[f"{player}_optimizer"]["lr"] for player in ("generator", "discriminator")
        ]
        assert both[0] == both[1]
        # What a range does not set stays as the study shares it.
        assert first.recipe["generator_optimizer"]["betas"][1] == 0.9
        assert first.recipe["discriminator_optimizer"]["betas"] == [0.5, 0.9]
    assert len({cell.recipe["generator_optimizer"]["lr"] for cell in trials.values()}) == 3


def test_more_trials_objectives_or_ranges_change_no_trial(tmp_path):
    before = {cell.variant: cell for cell in load(tmp_path).cells}
    ranges = {**RANGES, "more": {"sets": ["recipe.updates"], "choice": ["alternating"]}}
    more = {"objectives": ["hinge", "minimax", "wgan"], "search": {"trials": 5, "ranges": ranges}}
    after = {cell.variant: cell for cell in load(tmp_path, **more).cells}
    assert len(after) == 15
    for name, cell in before.items():
        assert after[name].hyperparameters == cell.hyperparameters
        assert {**cell.recipe, "updates": "alternating"} == after[name].recipe


def test_draws_follow_their_distribution():
    trials = range(2000)
    uniform = [draw("a", trial, {"uniform": [-1, 3]}) for trial in trials]
    assert stats.kstest(uniform, stats.uniform(-1, 4).cdf).pvalue > 0.001
    log_uniform = [draw("b", trial, {"log_uniform": [1e-4, 1e-1]}) for trial in trials]
    assert stats.kstest(log_uniform, stats.loguniform(1e-4, 1e-1).cdf).pvalue > 0.001
    chosen = [draw("c", trial, {"choice": [1, 5]}) for trial in trials]
    assert set(chosen) == {1, 5}
    assert np.mean(np.equal(chosen, 5)) == pytest.approx(0.5, abs=0.05)
    assert abs(np.corrcoef(uniform, log_uniform)[0, 1]) < 0.1


def test_what_names_an_objective_names_its_trials(tmp_path):
    study = load(
        tmp_path,
        datasets=["ring8", "grid25"],
        per_dataset={"grid25": {"objectives": ["wgan"]}},
        leave_out=[{"dataset": "ring8", "objective": "wgan", "reason": "here"}],
    )
    assert {cell.path for cell in study.cells} == {
        *(f"ring8/mlp/minimax.t{trial}" for trial in range(3)),
        *(f"grid25/mlp/wgan.t{trial}" for trial in range(3)),
    }


@pytest.mark.parametrize(
    ("ranges", "message"),
    [
        ({"a": {"sets": ["recipe.generator_optimizer.betas.7"], "uniform": [0, 1]}}, "no setting"),
        ({"a": {"sets": ["sharpness"], "uniform": [0, 1]}}, "'sharpness' is unknown"),
        ({"a": {"sets": ["clip"]}}, "search.ranges.a"),
    ],
)
def test_a_mistake_is_one_line(tmp_path, ranges, message):
    with pytest.raises(StudyError) as error:
        load(tmp_path, search={"trials": 2, "ranges": ranges})
    assert message in str(error.value)
    assert "\n" not in str(error.value)
