"""Objectives whose critic's slope is penalised or normalised, and packs, by hand."""

import numpy as np
import pytest
import torch
from scipy.special import expit

from bench import objectives
from bench.conformance.probe import Draws
from bench.objectives.base import Context

R = np.linspace(-100, 100, 42)
F = np.roll(200 * np.linspace(0, 1, 42) ** 2 - 100, 7)
LOGISTIC = ("dragan", "r1-non-saturating", "pacgan")
WASSERSTEIN = ("wgan-lp", "wgan-sn")
PENALISED = ("wgan-lp", "dragan", "r1-non-saturating")
SIZES, SHAPES = (1, 7, 64), ((2,), (1, 8, 8))
# Two distributions on four atoms, as counts of twelve samples each.
P, Q = np.array([6, 3, 2, 1]), np.array([1, 2, 3, 6])
p, q = P / 12, Q / 12


def create(name, **hyperparameters):
    return objectives.create(objectives.find()[name], hyperparameters)


def context(size, shape=(2,), dtype=torch.float32):
    generator = torch.Generator().manual_seed(size)
    real, fake = torch.randn(2, size, *shape, generator=generator, dtype=dtype)
    return Context(real, fake, Draws(), 0)


def linear(norm, shape):
    """Return a critic of slope ``norm`` everywhere."""
    weight = torch.tensor([0.6, 0.8]) if shape == (2,) else torch.full((64,), 0.125)
    return lambda samples: norm * (samples.flatten(1) @ weight)


MATRIX = np.array([[2.0, 0.5], [0.5, 1.0]])


def quadratic(samples):
    """The critic ½xᵀAx, of slope ‖Ax‖ at x."""
    return ((samples @ torch.tensor(MATRIX, dtype=samples.dtype)) * samples).sum(1) / 2


def jensen_shannon(p, q):
    middle = (p + q) / 2
    return float((p * np.log(p / middle) + q * np.log(q / middle)).sum()) / 2


def evaluate(objective, loss, dtype):
    logits = [torch.tensor(x, dtype=dtype, requires_grad=True) for x in (R, F)]
    value = getattr(objective, loss)(*logits)
    slopes = torch.autograd.grad(value, logits, materialize_grads=True)
    return value.item(), *(len(R) * slope.detach().double().numpy() for slope in slopes)


@pytest.mark.parametrize(("dtype", "rel"), [(torch.float64, 1e-9), (torch.float32, 1e-4)])
@pytest.mark.parametrize("name", [*LOGISTIC, *WASSERSTEIN])
def test_losses_and_gradients_are_the_closed_forms(name, dtype, rel):
    if name in LOGISTIC:
        critic = (np.logaddexp(0, -R) + np.logaddexp(0, F), -expit(-R), expit(F))
        generator = (np.logaddexp(0, -F), 0 * R, -expit(-F))
    else:
        critic = (F - R, -np.ones_like(R), np.ones_like(F))
        generator = (-F, 0 * R, -np.ones_like(F))
    for loss, formula in (("discriminator_loss", critic), ("generator_loss", generator)):
        value, *slopes = evaluate(create(name), loss, dtype)
        assert value == pytest.approx(formula[0].mean(), rel=rel)
        for slope, closed_form in zip(slopes, formula[1:], strict=True):
            np.testing.assert_allclose(slope, closed_form, rtol=rel, atol=1e-30)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("norm", [0.0, 0.5, 1.0, 3.0])
def test_penalties_of_a_linear_critic_at_any_batch_size(size, shape, norm):
    expected = {
        "wgan-lp": 2.5 * max(0, norm - 1) ** 2,
        "dragan": 2.5 * (norm - 1) ** 2,
        "r1-non-saturating": 2.5 / 2 * norm**2,
    }
    for name, value in expected.items():
        weight = "gamma" if name == "r1-non-saturating" else "penalty_weight"
        objective = create(name, **{weight: 2.5})
        penalty = objective.penalty(linear(norm, shape), context(size, shape)).item()
        assert penalty == pytest.approx(value, rel=1e-5, abs=1e-10)


def test_the_one_sided_penalty_is_between_real_and_fake_samples():
    given = context(9)
    share = Draws().uniform(9, 1).numpy()
    points = given.real.numpy() + share * (given.fake - given.real).numpy()
    slope = np.linalg.norm(points @ MATRIX, axis=1)
    assert min(slope) < 1 < max(slope)
    expected = 10 * (np.maximum(slope - 1, 0) ** 2).mean()
    assert create("wgan-lp").penalty(quadratic, given).item() == pytest.approx(expected, rel=1e-5)


def test_r1_is_at_real_samples_alone():
    given = context(9)
    expected = 10 / 2 * (np.square(given.real.numpy() @ MATRIX).sum(1)).mean()
    penalty = create("r1-non-saturating").penalty(quadratic, given)
    assert penalty.item() == pytest.approx(expected, rel=1e-5)


def test_the_dragan_penalty_is_around_real_samples():
    """Half a standard deviation of all values at most, above each value; one share a sample."""
    given, draws = context(9), Draws()
    share, each = draws.uniform(9, 1).numpy(), draws.uniform(9, 2).numpy()
    real = given.real.numpy()
    points = real + share * 0.5 * real.std() * each
    slope = np.linalg.norm(points @ MATRIX, axis=1)
    penalty = create("dragan").penalty(quadratic, given).item()
    assert penalty == pytest.approx(10 * np.square(slope - 1).mean(), rel=1e-5)


def test_without_perturbation_the_dragan_penalty_is_at_the_samples():
    given = context(9)
    slope = np.linalg.norm(given.real.numpy() @ MATRIX, axis=1)
    penalty = create("dragan", perturbation=0.0).penalty(quadratic, given).item()
    assert penalty == pytest.approx(10 * np.square(slope - 1).mean(), rel=1e-5)


@pytest.mark.parametrize("name", PENALISED)
@pytest.mark.parametrize("shape", SHAPES)
def test_second_order_gradients(name, shape):
    """The penalty's gradient in the critic's weights against finite differences."""
    objective, features = create(name), int(np.prod(shape))
    generator = torch.Generator().manual_seed(1)
    first = 3 * torch.randn(features, 3, generator=generator, dtype=torch.float64) / features**0.5
    second = torch.randn(3, generator=generator, dtype=torch.float64)
    given = context(4, shape, torch.float64)
    real, fake = given.real / 2, given.fake / 2

    def penalty(first, second):
        def critic(x):
            return torch.tanh(x.flatten(1) @ first) @ second

        return objective.penalty(critic, Context(real, fake, Draws(), 0))

    assert penalty(first, second) > 0
    assert torch.autograd.gradcheck(
        penalty, (first.requires_grad_(), second.requires_grad_()), atol=1e-6
    )


@pytest.mark.parametrize("weight", [0.5, 10.0])
@pytest.mark.parametrize("distance", [0.05, 2.0])
def test_the_one_sided_estimate_is_right_at_the_optimal_critic(weight, distance):
    """Among linear critics of slope s on a translate by W, sW − λ max(0, s − 1)² is at its top."""
    slopes = np.linspace(0, 6, 600_001)
    best = slopes[np.argmax(distance * slopes - weight * np.maximum(0, slopes - 1) ** 2)]
    logits = torch.tensor([0.0, 1.0], dtype=torch.float64)
    estimate = create("wgan-lp", penalty_weight=weight).estimate(logits + best * distance, logits)
    assert estimate.item() == pytest.approx(distance, rel=1e-4)


def test_the_one_sided_estimate_keeps_a_negative_gap_and_zero():
    low = torch.tensor([-3.0])
    assert create("wgan-lp").estimate(low, -low).item() == pytest.approx(-6)
    assert create("wgan-lp").estimate(low, low).item() == 0


@pytest.mark.parametrize("name", ["dragan", "r1-non-saturating"])
def test_the_estimate_is_the_jensen_shannon_divergence_at_most(name):
    """It is reached at log p/q, from which the penalty keeps the discriminator."""
    objective, generator = create(name), np.random.default_rng(0)

    def estimate(logits):
        real, fake = (torch.from_numpy(np.repeat(logits, counts)) for counts in (P, Q))
        return objective.estimate(real, fake).item()

    best = objective.optimal_logit(torch.from_numpy(np.log(p / q))).numpy()
    assert estimate(best) == pytest.approx(jensen_shannon(p, q), rel=1e-9)
    for scale in (1e-3, 0.1, 1, 10):
        for change in scale * generator.standard_normal((20, 4)):
            assert estimate(best + change) <= jensen_shannon(p, q) + 1e-12


def test_packs_estimate_the_divergence_of_the_products():
    """Every pair of atoms is a pack; its logit is the sum of both log-ratios."""
    ratio = np.log(p / q)
    logits = torch.from_numpy(np.add.outer(ratio, ratio).ravel())
    real, fake = (
        torch.repeat_interleave(logits, torch.from_numpy(np.outer(x, x).ravel())) for x in (P, Q)
    )
    estimate = create("pacgan").estimate(real, fake).item()
    assert estimate == pytest.approx(jensen_shannon(np.outer(p, p), np.outer(q, q)), rel=1e-9)
    assert estimate > jensen_shannon(p, q)
    assert create("pacgan").needs().packing == 2
    assert create("pacgan", packing=4).needs().packing == 4


def spectral(parameters):
    objective = create("wgan-sn")
    return objective.with_state(objective.initial_state(parameters, {}))


def layers(scale=1.0):
    generator = torch.Generator().manual_seed(0)
    return {
        "0.weight": scale * torch.randn(5, 2, generator=generator, dtype=torch.float64),
        "0.bias": torch.randn(5, generator=generator, dtype=torch.float64),
        "1.weight": scale * torch.randn(1, 5, generator=generator, dtype=torch.float64),
        "conv.weight": scale * torch.randn(4, 3, 2, 2, generator=generator, dtype=torch.float64),
    }


@pytest.mark.parametrize("scale", [1e-3, 1.0, 50.0])
def test_spectral_normalisation_leaves_each_matrix_with_slope_one(scale):
    given = layers(scale)
    used = spectral(given).weights(given)
    for name, value in used.items():
        if name == "0.bias":
            assert torch.equal(value, given[name])
            continue
        matrix, before = (x.reshape(len(x), -1).numpy() for x in (value, given[name]))
        assert np.linalg.svd(matrix)[1][0] == pytest.approx(1, rel=1e-9)
        np.testing.assert_allclose(matrix * np.linalg.norm(before, 2), before, rtol=1e-9)


def test_the_power_iteration_follows_the_weights():
    objective, given = spectral(layers()), layers()
    moved = {name: value + 0.5 * value.flip(0) for name, value in given.items()}
    step = Context(torch.ones(1), torch.ones(1), Draws(), 0, parameters=moved)
    matrix = moved["0.weight"].numpy()
    once = objective.after_discriminator_step(step)["0.weight"].numpy()
    by_hand = matrix @ (matrix.T @ objective.state["0.weight"].numpy())
    np.testing.assert_allclose(once, by_hand / np.linalg.norm(by_hand), rtol=1e-9)
    for _ in range(200):
        objective = objective.with_state(objective.after_discriminator_step(step))
    for name in objective.state:
        used = objective.weights(moved)[name].flatten(1).numpy()
        assert np.linalg.norm(used, 2) == pytest.approx(1, rel=1e-6)


@pytest.mark.parametrize("scale", [0.01, 7.0])
def test_a_normalised_linear_critic_measures_a_translate_exactly(scale):
    """At its best it points along the translation, and the gap is its length at any scale."""
    shift = torch.tensor([3.0, 4.0], dtype=torch.float64)
    parameters = {"weight": scale * shift[None]}
    weight = spectral(parameters).weights(parameters)["weight"][0]
    samples = torch.randn(6, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    estimate = create("wgan-sn").estimate((samples + shift) @ weight, samples @ weight)
    assert estimate.item() == pytest.approx(5, rel=1e-9)
