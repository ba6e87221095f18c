"""Loss formulas and their gradients against closed forms, from logit −100 to 100."""

import numpy as np
import pytest
import torch
from scipy.special import expit

from bench import objectives

# An even number of points, so that none is on the kink of the likelihood's bound.
R = np.linspace(-100, 100, 42)
F = np.roll(R[::-1], 7)
CUT = 30.0


def log_sigmoid(x):
    # Two branches of log1p, where the objectives call softplus.
    return np.where(x >= 0, -np.log1p(np.exp(-np.abs(x))), x - np.log1p(np.exp(-np.abs(x))))


def log_likelihood_ratio(x):
    return np.where(x <= CUT, np.exp(np.minimum(x, CUT)), np.exp(CUT) * (1 + x - CUT))


# Per sample: discriminator's loss, its slopes in r and f; generator's loss, its slopes in r and f.
LOGISTIC = (
    lambda r, f: -log_sigmoid(r) - log_sigmoid(-f),
    lambda r, f: -expit(-r),
    lambda r, f: expit(f),
)
WASSERSTEIN = (lambda r, f: f - r, lambda r, f: -np.ones_like(r), lambda r, f: np.ones_like(f))


def zero(r, f):
    return np.zeros_like(r)


FORMULAS = {
    "minimax": (*LOGISTIC, lambda r, f: log_sigmoid(-f), zero, lambda r, f: -expit(f)),
    "non-saturating": (*LOGISTIC, lambda r, f: -log_sigmoid(f), zero, lambda r, f: -expit(-f)),
    "maximum-likelihood": (
        *LOGISTIC,
        lambda r, f: -log_likelihood_ratio(f),
        zero,
        lambda r, f: -np.exp(np.minimum(f, CUT)),
    ),
    "least-squares": (
        lambda r, f: 0.5 * (r * r - 2 * r + 1) + 0.5 * f * f,
        lambda r, f: r - 1,
        lambda r, f: f,
        lambda r, f: 0.5 * (f * f - 2 * f + 1),
        zero,
        lambda r, f: f - 1,
    ),
    "hinge": (
        lambda r, f: np.where(r < 1, 1 - r, 0) + np.where(f > -1, 1 + f, 0),
        lambda r, f: np.where(r < 1, -1.0, 0.0),
        lambda r, f: np.where(f > -1, 1.0, 0.0),
        lambda r, f: -f,
        zero,
        lambda r, f: -np.ones_like(f),
    ),
    "wgan": (*WASSERSTEIN, lambda r, f: -f, zero, lambda r, f: -np.ones_like(f)),
    "wgan-gp": (*WASSERSTEIN, lambda r, f: -f, zero, lambda r, f: -np.ones_like(f)),
    "rpgan-r1-r2": (
        lambda r, f: -log_sigmoid(r - f),
        lambda r, f: -expit(f - r),
        lambda r, f: expit(f - r),
        lambda r, f: -log_sigmoid(f - r),
        lambda r, f: expit(r - f),
        lambda r, f: -expit(r - f),
    ),
}
LOSSES = ("discriminator_loss", "generator_loss")


def create(name, **hyperparameters):
    return objectives.create(objectives.find()[name], hyperparameters)


def evaluate(objective, loss, real=R, fake=F, dtype=torch.float32):
    """Return a loss and its per-sample gradients at real and fake logits."""
    logits = [torch.tensor(x, dtype=dtype, requires_grad=True) for x in (real, fake)]
    value = getattr(objective, loss)(*logits)
    slopes = torch.autograd.grad(value, logits, materialize_grads=True)
    return value.item(), *(len(real) * slope.detach().double().numpy() for slope in slopes)


def test_every_objective_has_its_formula_here():
    assert set(FORMULAS) == set(objectives.find())


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("name", FORMULAS)
def test_loss_and_gradient_are_the_closed_forms(name, loss):
    formula = FORMULAS[name][:3] if loss == "discriminator_loss" else FORMULAS[name][3:]
    value, *slopes = evaluate(create(name), loss, dtype=torch.float64)
    assert value == pytest.approx(formula[0](R, F).mean(), rel=1e-8)
    for slope, closed_form in zip(slopes, formula[1:], strict=True):
        np.testing.assert_allclose(slope, closed_form(R, F), rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("name", FORMULAS)
def test_float32_keeps_the_formula_at_every_logit(name, loss):
    """Each slope keeps its relative precision: none is rounded to zero at logit ±100."""
    formula = FORMULAS[name][:3] if loss == "discriminator_loss" else FORMULAS[name][3:]
    value, *slopes = evaluate(create(name), loss)
    assert value == pytest.approx(formula[0](R, F).mean(), rel=1e-5, abs=1e-5)
    for slope, closed_form in zip(slopes, formula[1:], strict=True):
        np.testing.assert_allclose(slope, closed_form(R, F), rtol=1e-4, atol=1e-30)


def test_minimax_vanishes_where_the_fake_is_rejected_and_non_saturating_does_not():
    logits = np.array([-100.0, -40, -25, -10])
    minimax, other = (
        evaluate(create(name), "generator_loss", logits, logits)[2]
        for name in ("minimax", "non-saturating")
    )
    np.testing.assert_allclose(minimax, 0, atol=1e-4)
    np.testing.assert_allclose(other, -1, atol=1e-4)


def test_minimax_and_non_saturating_gradients_sum_to_minus_one():
    """Their sum is −logit, sample by sample: together they descend KL(q‖p)."""
    both = [
        evaluate(create(name), "generator_loss", dtype=torch.float64)
        for name in ("minimax", "non-saturating")
    ]
    np.testing.assert_allclose(both[0][2] + both[1][2], -1, rtol=1e-8)
    assert both[0][0] + both[1][0] == pytest.approx(-F.mean())


def test_the_three_logistic_discriminators_are_bit_identical():
    names = ("minimax", "non-saturating", "maximum-likelihood")
    first, *others = (evaluate(create(name), "discriminator_loss") for name in names)
    for other in others:
        assert all(map(np.array_equal, first, other))


def test_least_squares_codes_reach_their_places():
    """With a = −1, b = 1, c = 0 every target is distinct."""
    objective = create("least-squares", a=-1.0, b=1.0, c=0.0)
    real, fake = np.array([3.0]), np.array([2.0])
    assert evaluate(objective, "discriminator_loss", real, fake)[0] == (3 - 1) ** 2 / 2 + 3**2 / 2
    assert evaluate(objective, "generator_loss", real, fake)[0] == 2**2 / 2


def test_maximum_likelihood_goes_on_along_its_tangent():
    """Beyond the bound the loss is linear and keeps the slope that it had there."""
    objective = create("maximum-likelihood", max_logit=3.0)
    inside, outside = np.array([3.0]), np.array([5.0])
    value, _, slope = evaluate(objective, "generator_loss", outside, outside, torch.float64)
    assert slope == pytest.approx(-np.exp(3))
    start = evaluate(objective, "generator_loss", inside, inside, torch.float64)[0]
    assert value == pytest.approx(start - 2 * np.exp(3))
