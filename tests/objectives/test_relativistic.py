"""Relativistic average objectives: what their critics' optima are worth."""

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from bench import objectives

P, Q = np.array([6, 3, 2, 1]), np.array([1, 3, 3, 5])
p, q = P / 12, Q / 12
AVERAGES = ("ragan", "ralsgan", "rahinge")


def create(name):
    return objectives.create(objectives.find()[name], {})


def samples(logits, real=P, fake=Q):
    """Return the batches of real and fake logits, given one logit an atom."""
    logits = torch.as_tensor(logits, dtype=torch.float64)
    return [torch.repeat_interleave(logits, torch.from_numpy(x)) for x in (real, fake)]


def estimate(name, logits, real=P, fake=Q):
    return create(name).estimate(*samples(logits, real, fake)).item()


def random_logits(count=50):
    generator = np.random.default_rng(0)
    for scale in (0.1, 1, 10):
        yield from scale * generator.standard_normal((count, 4))


@pytest.mark.parametrize("name", AVERAGES)
def test_a_critic_that_tells_nothing_apart_is_worth_nothing(name):
    assert estimate(name, np.full(4, 3.0)) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("name", AVERAGES)
def test_between_equal_distributions_no_critic_is_worth_more(name):
    for logits in random_logits():
        assert estimate(name, logits, P, P) <= 1e-12


@pytest.mark.parametrize("name", AVERAGES)
def test_between_different_distributions_some_critic_is_worth_something(name):
    assert estimate(name, 0.1 * np.log(p / q)) > 0.01


@pytest.mark.parametrize("name", AVERAGES)
def test_a_constant_added_to_all_logits_changes_nothing(name):
    objective = create(name)
    assert objective.shift_invariant
    for logits in random_logits(5):
        for loss in (objective.discriminator_loss, objective.generator_loss):
            assert loss(*samples(logits + 7)).item() == pytest.approx(loss(*samples(logits)).item())


def test_least_squares_value_is_the_vincze_le_cam_divergence():
    le_cam = float(((p - q) ** 2 / (p + q)).sum())
    best = 4 / (2 + 3 * le_cam) * (p - q) / (p + q)
    assert estimate("ralsgan", best + 2) == pytest.approx(le_cam, rel=1e-9)
    for change in random_logits():
        assert estimate("ralsgan", best + change) <= le_cam + 1e-12


def test_least_squares_estimate_is_at_its_top_for_distributions_apart():
    real, fake = np.array([6, 6, 0, 0]), np.array([0, 0, 6, 6])
    assert estimate("ralsgan", [1, 1, 0, 0], real, fake) == pytest.approx(2)


@pytest.mark.parametrize(("name", "top", "margin"), [("ragan", np.log(4), 5), ("rahinge", 2, 1)])
def test_outliers_alone_bring_a_critic_near_the_top(name, top, margin):
    """The means are set to margins on either side of what nearly all samples get.

    The least-squares value does not take this for a large difference.
    """
    real, fake = np.array([1000, 8000, 1]), np.array([1, 8000, 1000])
    p, q = real / real.sum(), fake / fake.sum()
    # E C over p is +margin, over q −margin, with C = 0 on the atom between.
    high, low = np.linalg.solve([p[[0, 2]], q[[0, 2]]], [margin, -margin])
    assert estimate(name, [high, 0, low], real, fake) > 0.97 * top
    assert np.abs(p - q).sum() / 2 < 0.12
    le_cam = ((p - q) ** 2 / (p + q)).sum()
    best = 4 / (2 + 3 * le_cam) * (p - q) / (p + q)
    assert estimate("ralsgan", best, real, fake) == pytest.approx(le_cam)
    assert le_cam < 0.23


def test_logistic_optimum_is_no_function_of_the_ratio():
    """Two pairs with the same two ratios p/q in other shares want other critics."""

    def difference(real, fake):
        def loss(logits):
            objective = create("ragan")
            return objective.discriminator_loss(*samples(logits, real, fake)).item()

        best = minimize(loss, np.zeros(len(real)), method="Nelder-Mead", tol=1e-10).x
        return best[0] - best[-1]

    first = difference(np.array([4, 2]), np.array([2, 4]))
    second = difference(np.array([4, 2, 20]), np.array([2, 4, 20]))
    assert abs(first - second) > 0.05
