"""Penalties and constraints against the closed forms of linear and quadratic critics."""

import numpy as np
import pytest
import torch

from bench import objectives
from bench.conformance.probe import Draws
from bench.objectives.base import Context, input_gradient, interpolate

SIZES, SHAPES = (1, 7, 64), ((2,), (1, 8, 8))


def create(name, **hyperparameters):
    return objectives.create(objectives.find()[name], hyperparameters)


def context(size, shape, dtype=torch.float32):
    generator = torch.Generator().manual_seed(size)
    real, fake = torch.randn(2, size, *shape, generator=generator, dtype=dtype)
    return Context(real, fake, Draws(), 0)


def linear(norm, shape):
    """Return a critic of slope ``norm`` everywhere."""
    weight = torch.tensor([0.6, 0.8]) if shape == (2,) else torch.full((64,), 0.125)
    return lambda samples: norm * (samples.flatten(1) @ weight)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("shape", SHAPES)
def test_a_one_lipschitz_critic_costs_nothing_at_any_batch_size(size, shape):
    penalty = create("wgan-gp").penalty(linear(1.0, shape), context(size, shape))
    assert penalty.item() == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("norm", [0.0, 0.5, 3.0])
def test_gradient_penalty_of_a_linear_critic(size, shape, norm):
    objective = create("wgan-gp", penalty_weight=2.5)
    penalty = objective.penalty(linear(norm, shape), context(size, shape))
    assert penalty.item() == pytest.approx(2.5 * (norm - 1) ** 2, rel=1e-5)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("shape", SHAPES)
def test_r1_and_r2_of_a_linear_critic(size, shape):
    """γ/2·(‖w‖² + ‖w‖²)."""
    objective = create("rpgan-r1-r2", gamma=0.3)
    penalty = objective.penalty(linear(3.0, shape), context(size, shape))
    assert penalty.item() == pytest.approx(0.3 * 9, rel=1e-5)


def test_r1_and_r2_are_at_the_samples_themselves():
    """The slope of ½xᵀAx at x is Ax."""
    matrix = torch.tensor([[2.0, 0.5], [0.5, 1.0]])
    given = context(7, (2,))
    objective = create("rpgan-r1-r2", gamma=0.3)
    penalty = objective.penalty(lambda x: ((x @ matrix) * x).sum(1) / 2, given)
    slopes = [np.square(x.numpy() @ matrix.numpy()).sum(1) for x in (given.real, given.fake)]
    assert penalty.item() == pytest.approx(0.15 * (slopes[0].mean() + slopes[1].mean()), rel=1e-5)


@pytest.mark.parametrize("shape", SHAPES)
def test_interpolation_has_one_weight_a_sample(shape):
    real, fake = torch.zeros(50, *shape), torch.ones(50, *shape)
    points = interpolate(Context(real, fake, Draws(), 0)).flatten(1)
    weights = points[:, 0]
    assert torch.equal(points, weights[:, None].expand_as(points))
    assert len(weights.unique()) == 50
    assert weights.min() >= 0
    assert weights.max() <= 1
    assert 0.3 < weights.mean() < 0.7


def test_input_gradient_is_one_a_sample():
    samples = torch.tensor([[1.0, 2.0], [3.0, -1.0], [0.0, 0.0]])
    slopes = input_gradient(lambda x: x[:, 0] ** 2 + 5 * x[:, 1], samples)
    assert torch.equal(slopes, torch.tensor([[2.0, 5.0], [6.0, 5.0], [0.0, 5.0]]))


@pytest.mark.parametrize("name", ["wgan-gp", "rpgan-r1-r2"])
@pytest.mark.parametrize("shape", SHAPES)
def test_second_order_gradients(name, shape):
    """The penalty's gradient in the critic's weights against finite differences."""
    objective, features = create(name), int(np.prod(shape))
    generator = torch.Generator().manual_seed(1)
    first = torch.randn(features, 3, generator=generator, dtype=torch.float64) / features**0.5
    second = torch.randn(3, generator=generator, dtype=torch.float64)
    real, fake = torch.randn(2, 4, *shape, generator=generator, dtype=torch.float64)

    def penalty(first, second):
        def critic(x):
            return torch.tanh(x.flatten(1) @ first) @ second

        return objective.penalty(critic, Context(real, fake, Draws(), 0))

    assert torch.autograd.gradcheck(
        penalty, (first.requires_grad_(), second.requires_grad_()), atol=1e-6
    )


def test_clipping_bounds_every_parameter_and_leaves_the_rest():
    parameters = {"a.weight": torch.tensor([[-3.0, 0.004]]), "a.bias": torch.tensor([0.02])}
    clipped = create("wgan", clip=0.01).constrain(parameters)
    assert torch.equal(clipped["a.weight"], torch.tensor([[-0.01, 0.004]]))
    assert torch.equal(clipped["a.bias"], torch.tensor([0.01]))


PENALISED = {"wgan-gp", "wgan-lp", "cramer-gan", "dragan", "r1-non-saturating", "rpgan-r1-r2"}


@pytest.mark.parametrize("name", sorted(set(objectives.find()) - PENALISED))
def test_the_others_have_no_penalty(name):
    assert create(name).penalty(linear(3.0, (2,)), context(7, (2,))) is None
