"""Loss formulas and their gradients against closed forms, from logit −100 to 100."""

import numpy as np
import pytest
import torch
from scipy.special import expit, logsumexp

from bench import objectives

# An even number of points, so that none is on the kink of a bound; the two means differ.
R = np.linspace(-100, 100, 42)
F = np.roll(200 * np.linspace(0, 1, 42) ** 2 - 100, 7)
CUT = 30.0


def log_sigmoid(x):
    # Two branches of log1p, where the objectives call softplus.
    return np.where(x >= 0, -np.log1p(np.exp(-np.abs(x))), x - np.log1p(np.exp(-np.abs(x))))


def tangent_exp(x, cut=CUT):
    return np.where(x <= cut, np.exp(np.minimum(x, cut)), np.exp(cut) * (1 + x - cut))


def slope_exp(x, cut=CUT):
    return np.exp(np.minimum(x, cut))


# Per sample: discriminator's loss, its slopes in r and f; generator's loss, its slopes in r and f.
LOGISTIC = (
    lambda r, f: -log_sigmoid(r) - log_sigmoid(-f),
    lambda r, f: -expit(-r),
    lambda r, f: expit(f),
)
WASSERSTEIN = (lambda r, f: f - r, lambda r, f: -np.ones_like(r), lambda r, f: np.ones_like(f))


def zero(r, f):
    return np.zeros_like(r)


def one(x):
    return np.ones_like(x)


# g and its slope, f*(g) and its slope.
BOUNDS = {
    "f-gan-kl": (lambda v: v, one, lambda v: tangent_exp(v - 1), lambda v: slope_exp(v - 1)),
    "f-gan-reverse-kl": (
        lambda v: -tangent_exp(-v),
        lambda v: slope_exp(-v),
        lambda v: v - 1,
        one,
    ),
    "f-gan-js": (
        lambda v: np.log(2) + log_sigmoid(v),
        lambda v: expit(-v),
        lambda v: -np.log(2) - log_sigmoid(-v),
        expit,
    ),
    "f-gan-squared-hellinger": (
        lambda v: 1 - tangent_exp(-v),
        lambda v: slope_exp(-v),
        lambda v: tangent_exp(v) - 1,
        slope_exp,
    ),
    "f-gan-pearson": (lambda v: v, one, lambda v: (v / 2 + 1) ** 2 - 1, lambda v: v / 2 + 1),
    "f-gan-neyman": (
        lambda v: 1 - tangent_exp(-v),
        lambda v: slope_exp(-v),
        lambda v: 2 - 2 * tangent_exp(-v / 2, 15),
        lambda v: slope_exp(-v / 2, 15),
    ),
    "f-gan-total-variation": (
        lambda v: np.tanh(v) / 2,
        lambda v: 0.5 / np.cosh(v) ** 2,
        lambda v: np.tanh(v) / 2,
        lambda v: 0.5 / np.cosh(v) ** 2,
    ),
    "f-gan-alpha": (  # α = ¾: both tangents start at |v| = 40.
        lambda v: 4 - 4 * tangent_exp(-v / 4, 10),
        lambda v: slope_exp(-v / 4, 10),
        lambda v: (tangent_exp(0.75 * v) - 1) / 0.75,
        lambda v: slope_exp(0.75 * v),
    ),
}


def game(activation, activation_slope, conjugate, conjugate_slope):
    return (
        lambda r, f: conjugate(f) - activation(r),
        lambda r, f: -activation_slope(r),
        lambda r, f: conjugate_slope(f),
        lambda r, f: -conjugate(f),
        zero,
        lambda r, f: -conjugate_slope(f),
    )


def exchanged(loss, real_slope, fake_slope):
    """Return a relativistic average game, whose generator has the two batches exchanged."""
    return (
        *(loss, real_slope, fake_slope),
        lambda r, f: loss(f, r),
        lambda r, f: fake_slope(f, r),
        lambda r, f: real_slope(f, r),
    )


def log_partition(r, f):
    return logsumexp(np.concatenate([r, f]))


FORMULAS = {
    "minimax": (*LOGISTIC, lambda r, f: log_sigmoid(-f), zero, lambda r, f: -expit(f)),
    "non-saturating": (*LOGISTIC, lambda r, f: -log_sigmoid(f), zero, lambda r, f: -expit(-f)),
    "maximum-likelihood": (
        *LOGISTIC,
        lambda r, f: -tangent_exp(f),
        zero,
        lambda r, f: -slope_exp(f),
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
    "boundary-seeking": (*LOGISTIC, lambda r, f: f * f / 2, zero, lambda r, f: f),
    "softmax-gan": (
        lambda r, f: log_partition(r, f) - r,
        lambda r, f: len(r) * np.exp(r - log_partition(r, f)) - 1,
        lambda r, f: len(f) * np.exp(f - log_partition(r, f)),
        lambda r, f: log_partition(r, f) - r / 2 - f / 2,
        lambda r, f: len(r) * np.exp(r - log_partition(r, f)) - 0.5,
        lambda r, f: len(f) * np.exp(f - log_partition(r, f)) - 0.5,
    ),
    "ragan": exchanged(
        lambda r, f: -log_sigmoid(r - f.mean()) - log_sigmoid(r.mean() - f),
        lambda r, f: -expit(f.mean() - r) - expit(f - r.mean()).mean(),
        lambda r, f: expit(f - r.mean()) + expit(f.mean() - r).mean(),
    ),
    "ralsgan": exchanged(
        lambda r, f: (r - f.mean() - 1) ** 2 + (f - r.mean() + 1) ** 2,
        lambda r, f: 2 * (r - 2 * f.mean() + r.mean() - 2),
        lambda r, f: 2 * (f - 2 * r.mean() + f.mean() + 2),
    ),
    "rahinge": exchanged(
        lambda r, f: np.maximum(0, 1 - r + f.mean()) + np.maximum(0, 1 + f - r.mean()),
        lambda r, f: -1.0 * (r - f.mean() < 1) - np.mean(f - r.mean() > -1),
        lambda r, f: 1.0 * (f - r.mean() > -1) + np.mean(r - f.mean() < 1),
    ),
    **{name: game(*parts) for name, parts in BOUNDS.items()},
}
FORMULAS["rpgan"] = FORMULAS["rpgan-r1-r2"]
# Objectives whose losses other files test against formulas of their own.
ELSEWHERE = {
    "began",
    "cramer-gan",
    "dragan",
    "ebgan",
    "fisher-gan",
    "mmd-gan",
    "pacgan",
    "r1-non-saturating",
    "sinkhorn-gan",
    "wgan-lp",
    "wgan-sn",
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


def test_every_objective_has_its_formula_here_or_elsewhere():
    assert FORMULAS.keys() | ELSEWHERE == set(objectives.find())
    assert not FORMULAS.keys() & ELSEWHERE


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


@pytest.mark.parametrize("name", BOUNDS)
def test_alternative_generator_maximises_the_activation(name):
    activation, slope = BOUNDS[name][:2]
    objective = create(name, alternative=True)
    value, in_real, in_fake = evaluate(objective, "generator_loss", dtype=torch.float64)
    assert value == pytest.approx(-activation(F).mean(), rel=1e-8)
    np.testing.assert_array_equal(in_real, 0)
    np.testing.assert_allclose(in_fake, -slope(F), rtol=1e-8, atol=1e-30)
    single = evaluate(objective, "generator_loss")[2]
    np.testing.assert_allclose(single, -slope(F), rtol=1e-4, atol=1e-30)


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


def test_the_logistic_discriminators_are_bit_identical():
    names = ("minimax", "non-saturating", "maximum-likelihood", "boundary-seeking")
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
