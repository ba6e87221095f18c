"""Penalties on the critic's slope against the closed forms of linear and quadratic critics."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from bench.conformance.probe import Draws
from bench.objectives.base import Context

SIZES, SHAPES = (1, 7, 64), ((2,), (1, 8, 8))
INTERPOLATED = (
    "gradient-penalty",
    "one-sided-gradient-penalty",
    "zero-centred-gradient-penalty",
)
ALL = (*INTERPOLATED, "r1", "r2", "dragan-penalty")
#: What a slope s costs at weight 1.
COSTS = {
    "gradient-penalty": lambda s: (s - 1) ** 2,
    "one-sided-gradient-penalty": lambda s: max(s - 1, 0) ** 2,
    "zero-centred-gradient-penalty": lambda s: s**2,
    "r1": lambda s: s**2 / 2,
    "r2": lambda s: s**2 / 2,
    "dragan-penalty": lambda s: (s - 1) ** 2,
}


def linear(norm, shape):
    """Return a critic of slope ``norm`` everywhere."""
    weight = torch.tensor([0.6, 0.8]) if shape == (2,) else torch.full((64,), 0.125)
    return lambda samples: norm * (samples.flatten(1) @ weight)


MATRIX = np.array([[2.0, 0.5], [0.5, 1.0]])


def quadratic(samples):
    """Return ½xᵀAx, whose slope at x is Ax."""
    return ((samples @ torch.tensor(MATRIX, dtype=samples.dtype)) * samples).sum(1) / 2


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("norm", [0.0, 0.5, 1.0, 3.0])
@pytest.mark.parametrize("name", ALL)
def test_a_linear_critic_costs_what_its_slope_says(create, context, name, norm, shape, size):
    """One slope a sample: the cost depends neither on the batch's size nor on the shape."""
    penalty = create(name, weight=2.5).penalty(linear(norm, shape), context(size, shape))
    assert penalty.item() == pytest.approx(2.5 * COSTS[name](norm), rel=1e-5, abs=1e-12)


@pytest.mark.parametrize("name", ALL)
def test_the_weights_of_the_papers(create, context, name):
    penalty = create(name).penalty(linear(3.0, (2,)), context(5))
    assert penalty.item() == pytest.approx(10 * COSTS[name](3.0), rel=1e-5)


@pytest.mark.parametrize("name", INTERPOLATED)
def test_interpolates_lie_between_real_and_fake(create, context, name):
    """With a quadratic critic the slopes tell where they were taken."""
    given = context(7, dtype=torch.float64)
    weight = Draws().uniform(7, 1).numpy()
    points = (1 - weight) * given.real.numpy() + weight * given.fake.numpy()
    slopes = np.sqrt(np.square(points @ MATRIX).sum(axis=1))
    expected = np.mean([COSTS[name](slope) for slope in slopes])
    penalty = create(name, weight=0.3).penalty(quadratic, given)
    assert penalty.item() == pytest.approx(0.3 * expected, rel=1e-6)


@pytest.mark.parametrize("name", ["r1", "r2"])
def test_r1_is_at_real_samples_and_r2_at_fake_ones(create, context, name):
    given = context(7)
    samples = (given.real if name == "r1" else given.fake).numpy()
    expected = np.square(samples @ MATRIX).sum(axis=1).mean()
    penalty = create(name, weight=0.3).penalty(quadratic, given)
    assert penalty.item() == pytest.approx(0.15 * expected, rel=1e-5)


@pytest.mark.parametrize("k", [0.5, 2.0])
@pytest.mark.parametrize("law", ["code", "paper"])
def test_dragan_pulls_the_slope_to_k(create, context, law, k):
    penalty = create("dragan-penalty", k=k, law=law)
    assert penalty.penalty(linear(k, (2,)), context(7)).item() == pytest.approx(0, abs=1e-10)
    assert penalty.penalty(linear(k + 0.5, (2,)), context(7)).item() == pytest.approx(2.5)


def test_dragan_is_taken_around_real_samples(create, context):
    """Far from the origin and with little noise the slope is that of the data."""
    given = context(7)
    given = Context(given.real + 50, given.fake, Draws(), 0)
    slope = np.sqrt(np.square((given.real.numpy()) @ MATRIX).sum(axis=1))
    penalty = create("dragan-penalty", law="paper", c=1e-8).penalty(quadratic, given)
    assert penalty.item() == pytest.approx(10 * np.mean((slope - 1) ** 2), rel=1e-4)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_law_of_dragans_code(create, shape):
    """δ = u·½s·v, u one a sample and v one a number: moments of a product of uniforms."""
    size = 20000 // int(np.prod(shape)) + 4000
    real = 2 + 5 * Draws().normal(size, *shape)
    noise = create("dragan-penalty").perturbation(Context(real, real, Draws(), 0))
    assert noise.shape == real.shape
    scale = 0.5 * real.numpy().std()
    moved = noise.numpy().reshape(size, -1) / scale
    assert moved.min() >= 0
    assert moved.max() <= 1
    assert moved.mean() == pytest.approx(1 / 4, rel=0.02)
    assert np.square(moved).mean() == pytest.approx(1 / 9, rel=0.03)
    # Two numbers of a sample share u: E u²·(E v)² = 1/12; those of two samples do not.
    assert (moved[:, 0] * moved[:, 1]).mean() == pytest.approx(1 / 12, rel=0.05)
    assert (moved[1:, 0] * moved[:-1, 1]).mean() == pytest.approx(1 / 16, rel=0.05)
    assert np.corrcoef(moved[:, 0], moved[:, 1])[0, 1] < 0.6


@pytest.mark.parametrize("c", [10.0, 0.25])
def test_the_law_of_dragans_paper(create, context, c):
    given = context(40000)
    noise = create("dragan-penalty", law="paper", c=c).perturbation(given).numpy()
    assert noise.mean() == pytest.approx(0, abs=0.02 * c**0.5)
    assert noise.var() == pytest.approx(c, rel=0.02)
    standard = noise / c**0.5
    assert (standard**4).mean() == pytest.approx(3, rel=0.05)
    assert np.corrcoef(noise.T)[0, 1] == pytest.approx(0, abs=0.02)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", ALL)
def test_second_order_gradients(create, context, name, shape):
    """A penalty's gradient in the critic's weights against finite differences."""
    technique, features = create(name), int(np.prod(shape))
    given = context(4, shape, torch.float64)
    generator = torch.Generator().manual_seed(1)
    first = 2 * torch.randn(features, 3, generator=generator, dtype=torch.float64) / features**0.5
    second = 2 * torch.randn(3, generator=generator, dtype=torch.float64)

    def penalty(first, second):
        def critic(x):
            return torch.tanh(x.flatten(1) @ first) @ second

        return technique.penalty(critic, replace(given, noise=Draws()))

    inputs = first.requires_grad_(), second.requires_grad_()
    assert penalty(*inputs) > 0
    assert torch.autograd.gradcheck(penalty, inputs, atol=1e-6)


@pytest.mark.parametrize("name", ALL)
def test_a_flat_critic_has_finite_gradients(create, context, name):
    """Of the first order, and of the second, which unrolling takes."""
    weight = torch.zeros(2, requires_grad=True)
    penalty = create(name).penalty(lambda x: x @ weight, context(5))
    (gradient,) = torch.autograd.grad(penalty, weight, create_graph=True)
    (second,) = torch.autograd.grad(gradient.sum(), weight)
    assert torch.isfinite(gradient).all()
    assert torch.isfinite(second).all()


@pytest.mark.parametrize("name", ALL)
def test_they_want_critics_that_do_not_mix_samples(create, name):
    assert create(name).per_sample_gradient


@pytest.mark.parametrize("name", ALL)
def test_lazy_penalties_tell_their_interval(create, name):
    assert create(name).interval() == 1
    assert create(name, every=4).interval() == 4


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        *((name, {"weight": -1.0}, "weight is -1.0; it must not be negative") for name in ALL),
        *((name, {"every": 0}, "every is 0; it must be at least 1") for name in ALL),
        ("dragan-penalty", {"k": 0.0}, "k is 0.0; a slope to ask for is above 0"),
        ("dragan-penalty", {"law": "mine"}, "law is 'mine'; it must be 'code' or 'paper'"),
        ("dragan-penalty", {"c": 0.0}, "c is 0.0; a variance is above 0"),
    ],
)
def test_settings_out_of_range(create, name, settings, message):
    with pytest.raises(ValueError, match=message):
        create(name, **settings)
