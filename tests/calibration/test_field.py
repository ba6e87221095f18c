"""The pull of generator losses against closed forms."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import expit
from scipy.stats import norm

from bench import objectives
from bench.calibration.field import DISTANCES, LOGITS, pulls


def field(name, against):
    found = pulls(objectives.create(objectives.find()[name], {}))
    chosen = [pull for pull in found if pull.against == against]
    return np.array([pull.at for pull in chosen]), np.array([pull.size for pull in chosen])


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("minimax", expit),
        ("non-saturating", lambda x: expit(-x)),
        ("maximum-likelihood", np.exp),
        ("wgan", np.ones_like),
        ("least-squares", lambda x: np.abs(x - 1)),
        ("hinge", np.ones_like),
        ("rpgan", lambda x: expit(-x)),
    ],
)
def test_pull_against_the_logit(name, size):
    logits, found = field(name, "logit")
    np.testing.assert_array_equal(logits, LOGITS)
    np.testing.assert_allclose(found, size(logits), rtol=1e-9)


def root_mean_square(slope, theta):
    """Of slope(logit)·θ over q = N(θ, 1), where the optimal logit is θ(θ/2 − x)."""
    value, _ = quad(
        lambda x: (theta * slope(theta * (theta / 2 - x))) ** 2 * norm.pdf(x, theta),
        *(theta - 12, theta + 12),
        limit=500,
    )
    return np.sqrt(value)


@pytest.mark.parametrize(
    ("name", "slope"),
    [
        ("minimax", expit),
        ("non-saturating", lambda x: expit(-x)),
        ("f-gan-reverse-kl", None),
    ],
)
def test_pull_against_the_distance(name, slope):
    distances, found = field(name, "distance")
    np.testing.assert_array_equal(distances, DISTANCES)
    if slope is not None:
        expected = [root_mean_square(slope, theta) for theta in distances]
        np.testing.assert_allclose(found, expected, rtol=1e-3)
    # The bound's generator term is −E_q f*(T) with f*(T*) = log(p/q) − 1: its slope is θ.
    else:
        np.testing.assert_allclose(found, distances, rtol=1e-6)


def test_minimax_vanishes_non_saturating_is_linear_and_wasserstein_constant():
    minimax, linear, constant = (
        field(name, "distance")[1] for name in ("minimax", "non-saturating", "wgan-gp")
    )
    assert minimax[-1] < 1e-2 * minimax.max()
    np.testing.assert_allclose(linear[-10:] / DISTANCES[-10:], 1, rtol=0.01)
    np.testing.assert_allclose(constant, 1, rtol=1e-9)


def test_maximum_likelihood_explodes():
    """E r² = exp(θ²), so that the pull is θ·exp(θ²/2)·√(…) and grows faster than any power."""
    distances, found = field("maximum-likelihood", "distance")
    near = distances <= 3
    # The mean of (θr)² over q is θ²·∫p²/q = θ²·exp(θ²).
    expected = distances * np.exp(distances**2 / 2)
    np.testing.assert_allclose(found[near], expected[near], rtol=1e-3)


def test_a_discontinuous_optimum_pulls_nowhere():
    assert not field("hinge", "distance")[1].any()


@pytest.mark.parametrize("name", ["mmd-gan", "ebgan"])
def test_outputs_that_are_no_logits_have_no_field(name):
    assert pulls(objectives.create(objectives.find()[name], {})) == []


@pytest.mark.parametrize("name", objectives.find())
def test_every_pull_is_finite(name):
    found = pulls(objectives.create(objectives.find()[name], {}))
    assert all(np.isfinite(pull.size) and pull.size >= 0 for pull in found)
