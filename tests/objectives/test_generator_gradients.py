"""What the generator descends at the optimal discriminator: p = N(0, 1), q = N(θ, 1)."""

import numpy as np
import pytest
import torch
from scipy.stats import norm

from bench import objectives

THETAS = (0.5, 1.0, 2.0)
X, STEP = np.linspace(-12, 14, 52_001, retstep=True)


def create(name, **hyperparameters):
    return objectives.create(objectives.find()[name], hyperparameters)


def gradient(objective, theta, steepness=None):
    """Return the slope in θ of the expected generator loss, the discriminator held at its optimum.

    Samples are z + θ; the logits are functions of the sample alone.
    """
    noise = torch.from_numpy(X)
    weights = torch.from_numpy(STEP * norm.pdf(X))
    mean = torch.tensor(theta, dtype=torch.float64, requires_grad=True)
    log_ratio = theta**2 / 2 - theta * (noise + mean)
    logits = steepness * log_ratio if steepness else objective.optimal_logit(log_ratio)
    losses = torch.vmap(lambda x: objective.generator_loss(x[None], x[None]))(logits)
    return torch.autograd.grad(losses @ weights, mean)[0].item()


def slope(divergence, theta, step=1e-4):
    return (divergence(theta + step) - divergence(theta - step)) / (2 * step)


def jensen_shannon(theta):
    p, q = norm.pdf(X), norm.pdf(X, theta)
    middle = (p + q) / 2
    return STEP * (p @ np.log(p / middle) + q @ np.log(q / middle)) / 2


def le_cam(theta):
    p, q = norm.pdf(X), norm.pdf(X, theta)
    return STEP * ((p - q) ** 2 / (p + q)).sum()


# Derivatives in θ of closed forms.
BOUNDS = {
    "f-gan-kl": lambda t: t,
    "f-gan-reverse-kl": lambda t: t,
    "f-gan-js": lambda t: 2 * slope(jensen_shannon, t),
    "f-gan-squared-hellinger": lambda t: t / 2 * np.exp(-(t**2) / 8),
    "f-gan-pearson": lambda t: 2 * t * np.exp(t**2),
    "f-gan-neyman": lambda t: 2 * t * np.exp(t**2),
    "f-gan-alpha": lambda t: t * np.exp(-0.1875 * t**2 / 2),
}


@pytest.mark.parametrize("theta", THETAS)
@pytest.mark.parametrize("name", BOUNDS)
def test_the_bound_has_the_gradient_of_the_divergence(name, theta):
    assert gradient(create(name), theta) == pytest.approx(BOUNDS[name](theta), rel=1e-6)


@pytest.mark.parametrize("theta", THETAS)
def test_the_bound_of_the_total_variation_has_its_gradient_in_the_limit(theta):
    """Its optimum is a step, approached by steeper and steeper logits."""
    objective = create("f-gan-total-variation")
    truth = norm.pdf(theta / 2)
    assert gradient(objective, theta, 100.0) == pytest.approx(truth, rel=1e-3)


@pytest.mark.parametrize("theta", THETAS)
def test_minimax_descends_twice_jsd_and_non_saturating_kl_less_that(theta):
    """The first is ∇2JSD, the second ∇[KL(q‖p) − 2JSD]; their sum is ∇KL(q‖p) = θ."""
    minimax, other = (gradient(create(name), theta) for name in ("minimax", "non-saturating"))
    assert minimax == pytest.approx(2 * slope(jensen_shannon, theta), rel=1e-6)
    assert other == pytest.approx(theta - 2 * slope(jensen_shannon, theta), rel=1e-6)
    assert minimax + other == pytest.approx(theta, rel=1e-9)


@pytest.mark.parametrize(
    ("theta", "halves"),
    [(0.5, (0.1176, 0.1324, 0.25)), (1.0, (0.1989, 0.3011, 0.5))],
)
def test_gradients_of_minimax_non_saturating_and_maximum_likelihood(theta, halves):
    """Numbers for the losses with the factor ½, which the objectives leave out."""
    names = ("minimax", "non-saturating", "maximum-likelihood")
    for name, half in zip(names, halves, strict=True):
        assert gradient(create(name), theta) / 2 == pytest.approx(half, abs=1e-4)


@pytest.mark.parametrize("theta", THETAS)
def test_alternatives_of_three_bounds(theta):
    """JS: non-saturating. KL: KL(q‖p), for E_q v is its value. Reverse KL: half Neyman's χ²."""
    js, kl, reverse = (
        gradient(create(f"f-gan-{name}", alternative=True), theta)
        for name in ("js", "kl", "reverse-kl")
    )
    assert js == pytest.approx(gradient(create("non-saturating"), theta), rel=1e-9)
    assert kl == pytest.approx(theta, rel=1e-9)
    assert reverse == pytest.approx(theta * np.exp(theta**2), rel=1e-6)


@pytest.mark.parametrize("theta", THETAS)
def test_boundary_seeking_descends_the_squared_logit(theta):
    """∂/∂θ E_q ½ℓ² with ℓ = θ₀²/2 − θ₀x held fixed is θ³/2."""
    assert gradient(create("boundary-seeking"), theta) == pytest.approx(theta**3 / 2, rel=1e-9)


def test_least_squares_at_its_codes_does_not_descend_the_divergence_of_its_value():
    """The half of the cost on real samples has a gradient too, which the generator has not."""
    theta = 1.0
    found = gradient(create("least-squares", a=-1.0, b=1.0, c=0.0), theta)
    assert found > 0
    assert found != pytest.approx(slope(le_cam, theta) / 2, rel=0.05)
