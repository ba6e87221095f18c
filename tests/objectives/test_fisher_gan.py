"""Fisher GAN's Lagrangian and its optimum on distributions over a few atoms."""

import numpy as np
import pytest
import torch

from bench import objectives
from bench.conformance.probe import Draws
from bench.objectives.base import Context

P, Q = np.array([6, 3, 2, 1]), np.array([1, 2, 3, 6])
p, q = P / 12, Q / 12
LE_CAM = float(((p - q) ** 2 / (p + q)).sum())


def create(multiplier=0.0, **hyperparameters):
    objective = objectives.create(objectives.find()["fisher-gan"], hyperparameters)
    return objective.with_state({"multiplier": torch.tensor(multiplier, dtype=torch.float64)})


def samples(logits):
    """Return real and fake logits, given one an atom."""
    logits = torch.as_tensor(logits)
    return [torch.repeat_interleave(logits, torch.from_numpy(x)) for x in (P, Q)]


def moments(logits):
    """Return the gap and Ω of a critic on the atoms."""
    return (p - q) @ logits, ((p + q) / 2) @ logits**2


def context(real, fake):
    nothing = torch.empty(0)
    return Context(nothing, nothing, Draws(), 0, torch.as_tensor(real), torch.as_tensor(fake))


def optimum():
    """Return the critic of the largest gap with Ω = 1."""
    logits = create().optimal_logit(torch.from_numpy(np.log(p / q))).numpy()
    return logits / np.sqrt(moments(logits)[1])


@pytest.mark.parametrize("multiplier", [0.0, 0.7, -0.2])
def test_losses_are_the_augmented_lagrangian(multiplier):
    logits = np.array([2.0, -1.0, 0.5, 3.0])
    gap, second = moments(logits)
    lagrangian = gap + multiplier * (1 - second) - 0.3 / 2 * (second - 1) ** 2
    objective = create(multiplier, rho=0.3)
    assert objective.discriminator_loss(*samples(logits)).item() == pytest.approx(-lagrangian)
    assert objective.generator_loss(*samples(logits)).item() == pytest.approx(-(q @ logits))


def test_gradients_are_the_lagrangians():
    """In a logit v of n: ∓1/n + (λ + ρ(Ω − 1))·v/n."""
    generator = np.random.default_rng(0)
    values = [generator.standard_normal(8) + 1 for _ in range(2)]
    logits = [torch.tensor(x, requires_grad=True) for x in values]
    second = (np.square(values[0]).mean() + np.square(values[1]).mean()) / 2
    loss = create(0.7, rho=0.3).discriminator_loss(*logits)
    for sign, x, slope in zip((-1, 1), values, torch.autograd.grad(loss, logits), strict=True):
        by_hand = (sign + (0.7 + 0.3 * (second - 1)) * x) / 8
        np.testing.assert_allclose(slope.numpy(), by_hand, rtol=1e-9)


@pytest.mark.parametrize("level", [-100.0, 0.0, 100.0])
def test_float32_is_finite_and_precise(level):
    real = level + np.array([0.0, -1.0, 0.5, 1.0])
    fake = -level + np.array([1.0, -1.0, 0.0, 0.5])
    for name in ("discriminator_loss", "generator_loss", "estimate"):
        narrow, wide = (
            getattr(create(), name)(*(torch.tensor(x, dtype=dtype) for x in (real, fake))).item()
            for dtype in (torch.float32, torch.float64)
        )
        assert narrow == pytest.approx(wide, rel=1e-5)


def test_the_multiplier_moves_by_rho_times_the_excess():
    objective, expected = create(rho=0.1), 0.0
    for real, fake in (([3.0, 1.0], [0.0, 2.0]), ([0.1, 0.3], [0.2, 0.0]), ([1.0, 1], [1.0, 1])):
        objective = objective.with_state(objective.after_discriminator_step(context(real, fake)))
        expected += 0.1 * (np.square([*real, *fake]).mean() - 1)
        assert objective.state["multiplier"].item() == pytest.approx(expected)
    initial = objective.initial_state({"weight": torch.ones(2, 2)}, {})
    assert initial == {"multiplier": torch.zeros(())}


def test_estimate_is_the_vincze_le_cam_divergence_at_the_optimum_of_any_scale():
    for scale in (1e-3, 1.0, 50.0):
        estimate = create().estimate(*samples(scale * optimum())).item()
        assert estimate == pytest.approx(LE_CAM, rel=1e-9)
    gap, _ = moments(optimum())
    assert gap == pytest.approx(np.sqrt(2 * LE_CAM))


def test_no_other_critic_is_worth_more():
    generator = np.random.default_rng(0)
    for scale in (1e-3, 0.1, 1, 10):
        for change in scale * generator.standard_normal((20, 4)):
            estimate = create().estimate(*samples(optimum() + change)).item()
            assert -2 <= estimate <= LE_CAM + 1e-12


def test_estimate_has_the_sign_of_the_gap_and_is_zero_for_a_constant():
    assert create().estimate(*samples(-optimum())).item() == pytest.approx(-LE_CAM)
    for constant in (0.0, 3.0):
        assert create().estimate(*samples(np.full(4, constant))).item() == 0


def test_disjoint_distributions_are_at_the_largest_distance():
    one = torch.ones(5)
    assert create().estimate(one, -one).item() == pytest.approx(2)


def test_the_lagrangian_is_stationary_at_the_optimum_with_half_the_gap_as_multiplier():
    """Where Ω = 1, ∇g = λ∇Ω; both are homogeneous, so that g = 2λΩ."""
    gap, _ = moments(optimum())
    objective = create(gap / 2, rho=0.5)
    logits = torch.tensor(optimum(), requires_grad=True)
    loss = objective.discriminator_loss(*samples(logits))
    assert loss.item() == pytest.approx(-gap)
    (slope,) = torch.autograd.grad(loss, logits)
    np.testing.assert_allclose(slope.numpy(), 0, atol=1e-12)
    generator = np.random.default_rng(0)
    for change in generator.standard_normal((50, 4)):
        assert objective.discriminator_loss(*samples(optimum() + change)) > loss


def test_descent_of_the_loss_with_its_multiplier_reaches_the_constraint():
    objective, logits = create(rho=0.5), np.array([0.1, 0.0, 0.2, -0.1])
    for _ in range(600):
        given = torch.tensor(logits, requires_grad=True)
        (slope,) = torch.autograd.grad(objective.discriminator_loss(*samples(given)), given)
        logits = logits - 0.5 * slope.numpy()
        objective = objective.with_state(
            objective.after_discriminator_step(context(*samples(logits)))
        )
    gap, second = moments(logits)
    assert second == pytest.approx(1, rel=1e-6)
    assert gap == pytest.approx(np.sqrt(2 * LE_CAM), rel=1e-6)
    np.testing.assert_allclose(logits, optimum(), rtol=1e-5)
