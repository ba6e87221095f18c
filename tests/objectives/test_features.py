"""Distances between learned features: Cramér GAN, MMD GAN and Sinkhorn GAN."""

from math import exp

import numpy as np
import ot
import pytest
import torch
from scipy.spatial.distance import cdist, pdist
from scipy.stats import energy_distance

from bench import objectives
from bench.calculus import distances, squared_distances
from bench.conformance.probe import Draws
from bench.objectives.base import Context

NAMES = ("cramer-gan", "mmd-gan", "sinkhorn-gan")
BANDWIDTHS = (1, 2, 4, 8, 16)


def create(name, **hyperparameters):
    return objectives.create(objectives.find()[name], hyperparameters)


def features(real=9, fake=9, outputs=3, shift=1.0, seed=0):
    """Return the features of real and fake samples, as numpy has them."""
    generator = np.random.default_rng(seed)
    first = generator.standard_normal((real, outputs))
    return first, 1.5 * generator.standard_normal((fake, outputs)) + shift


def tensors(*arrays, dtype=torch.float64):
    return [torch.tensor(x, dtype=dtype) for x in arrays]


def value(objective, loss, *arrays, dtype=torch.float64):
    return getattr(objective, loss)(*tensors(*arrays, dtype=dtype)).item()


def kernel(a, b):
    return sum(exp(-((a - b) @ (a - b)) / (2 * sigma**2)) for sigma in BANDWIDTHS)


def energy(real, fake):
    return 2 * cdist(real, fake).mean() - pdist(real).mean() - pdist(fake).mean()


@pytest.mark.parametrize("rows", [1, 64, 130])
def test_distances_are_those_of_scipy(rows):
    first, second = features(rows, 7)
    np.testing.assert_allclose(distances(*tensors(first, second)), cdist(first, second))
    np.testing.assert_allclose(
        squared_distances(*tensors(first, second)), cdist(first, second, "sqeuclidean")
    )


def test_distances_are_precise_far_from_the_origin():
    first, second = features(5, 5)
    near = distances(*tensors(first / 100 + 100, second / 100 + 100, dtype=torch.float32))
    np.testing.assert_allclose(near, cdist(first, second) / 100, rtol=0.01)


def test_distances_have_no_slope_and_no_curvature_at_zero():
    point = torch.zeros(1, 3, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(distances(point, point.detach()).sum(), point, create_graph=True)
    (curvature,) = torch.autograd.grad(slope.sum(), point)
    assert torch.equal(slope, torch.zeros(1, 3))
    assert torch.equal(curvature, torch.zeros(1, 3))


@pytest.mark.parametrize("name", NAMES)
def test_gradients_of_first_and_second_order(name):
    """Penalties and unrolled steps differentiate twice."""
    objective = create(name, **({"iterations": 3} if name == "sinkhorn-gan" else {}))
    real, fake = (x.requires_grad_() for x in tensors(*features(4, 4)))
    for loss in (objective.discriminator_loss, objective.generator_loss):
        assert torch.autograd.gradcheck(loss, (real, fake))
        assert torch.autograd.gradgradcheck(loss, (real, fake))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("level", [-100.0, 0.0, 100.0])
def test_float32_is_finite_and_precise(name, level):
    objective, (real, fake) = create(name), features(shift=level)
    for loss in ("discriminator_loss", "generator_loss", "estimate"):
        narrow = value(objective, loss, real, fake, dtype=torch.float32)
        assert narrow == pytest.approx(value(objective, loss, real, fake), rel=1e-4, abs=1e-5)
        logits = [x.requires_grad_() for x in tensors(real, fake, dtype=torch.float32)]
        for slope in torch.autograd.grad(getattr(objective, loss)(*logits), logits):
            assert torch.isfinite(slope).all()


@pytest.mark.parametrize("name", NAMES)
def test_the_number_of_features_is_asked_for(name):
    assert create(name, outputs=5).needs().outputs == 5


@pytest.mark.parametrize("name", NAMES)
def test_the_estimate_is_the_generators_loss(name):
    objective, given = create(name), features()
    assert value(objective, "estimate", *given) == value(objective, "generator_loss", *given)


@pytest.mark.parametrize("name", ["cramer-gan", "mmd-gan"])
def test_without_bias_equal_distributions_are_at_distance_zero(name):
    """Within four standard errors, where the biased statistic is far beyond."""
    objective = create(name)
    values = []
    for seed in range(400):
        real, fake = np.random.default_rng(seed).standard_normal((2, 8, 3))
        values.append(value(objective, "estimate", real, fake))
    error = np.std(values, ddof=1) / len(values) ** 0.5
    assert abs(np.mean(values)) < 4 * error
    assert error < 0.05


@pytest.mark.parametrize(("real", "fake"), [(9, 9), (6, 11)])
def test_cramer_estimate_is_the_energy_distance(real, fake):
    first, second = features(real, fake)
    estimate = value(create("cramer-gan"), "estimate", first, second)
    assert estimate == pytest.approx(energy(first, second))


def test_cramer_estimate_in_one_dimension_is_that_of_scipy_but_for_its_bias():
    """scipy's is the root, and takes each sample's distance to itself into its means."""
    first, second = features(9, 6, outputs=1)
    estimate = value(create("cramer-gan"), "estimate", first, second)
    bias = pdist(first).mean() / 9 + pdist(second).mean() / 6
    assert estimate + bias == pytest.approx(energy_distance(first[:, 0], second[:, 0]) ** 2)


def test_the_cramer_critic_is_that_of_algorithm_1_over_all_pairs():
    """E f(G(z)) − E f(x), f(x) = ‖h(x) − h(G(z'))‖ − ‖h(x)‖, z' another latent than z."""
    real, fake = features(5, 6)
    norm = np.linalg.norm
    of_real = [norm(x - g) - norm(x) for x in real for g in fake]
    of_fake = [
        norm(fake[i] - fake[j]) - norm(fake[i]) for i in range(6) for j in range(6) if i != j
    ]
    loss = value(create("cramer-gan"), "discriminator_loss", real, fake)
    assert loss == pytest.approx(np.mean(of_fake) - np.mean(of_real))


def test_the_cramer_generator_has_the_gradient_of_algorithm_1():
    """‖h(x) − h(g)‖ + ‖h(x) − h(g')‖ − ‖h(g) − h(g')‖, which lacks a term without gradient."""
    real, fake = tensors(*features(5, 6))
    fake.requires_grad_()
    pairs = [(i, j) for i in range(6) for j in range(6) if i != j]
    algorithm = sum(
        (x - fake[i]).norm() + (x - fake[j]).norm() - (fake[i] - fake[j]).norm()
        for x in real
        for i, j in pairs
    ) / (5 * len(pairs))
    (expected,) = torch.autograd.grad(algorithm, fake)
    (slope,) = torch.autograd.grad(create("cramer-gan").generator_loss(real, fake), fake)
    torch.testing.assert_close(slope, expected)


@pytest.mark.parametrize("size", [2, 7])
def test_the_cramer_penalty_is_on_the_slope_of_f(size):
    """For h(x) = Wx, ∇f = Wᵀ(mean of unit vectors from h(G(z)) to h(x̂), less that to h(x̂))."""
    generator = np.random.default_rng(size)
    weight = generator.standard_normal((2, 3))
    real, fake = generator.standard_normal((2, size, 2))
    share = Draws().uniform(size, 1).numpy()
    slopes = []
    for point in (real + share * (fake - real)) @ weight:
        ways = [(point - g) / np.linalg.norm(point - g) for g in fake @ weight]
        slope = np.mean(ways, axis=0) - point / np.linalg.norm(point)
        slopes.append(np.linalg.norm(weight @ slope))
    samples = tensors(real, fake)
    given = Context(*samples, Draws(), 0, fake_logits=torch.tensor(fake @ weight))
    objective = create("cramer-gan", penalty_weight=2.5)
    penalty = objective.penalty(lambda x: x @ torch.tensor(weight), given)
    assert penalty.item() == pytest.approx(2.5 * np.square(np.array(slopes) - 1).mean())


def test_second_order_gradients_of_the_cramer_penalty():
    objective, (real, fake) = create("cramer-gan"), tensors(*features(4, 4, outputs=2))
    weight = torch.randn(2, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))

    def penalty(weight):
        def critic(x):
            return torch.tanh(x @ weight)

        return objective.penalty(critic, Context(real, fake, Draws(), 0, fake_logits=critic(fake)))

    assert torch.autograd.gradcheck(penalty, weight.requires_grad_(), atol=1e-6)


@pytest.mark.parametrize(("real", "fake"), [(5, 5), (4, 7)])
def test_mmd_is_the_mean_kernel_over_different_pairs(real, fake):
    first, second = features(real, fake)
    within = [
        np.mean([kernel(x[i], x[j]) for i in range(len(x)) for j in range(len(x)) if i != j])
        for x in (first, second)
    ]
    between = np.mean([kernel(a, b) for a in first for b in second])
    expected = sum(within) - 2 * between
    assert value(create("mmd-gan"), "generator_loss", first, second) == pytest.approx(expected)
    assert value(create("mmd-gan"), "discriminator_loss", first, second) == pytest.approx(-expected)


def test_mmd_of_other_bandwidths():
    first, second = np.array([[0.0], [0.0]]), np.array([[1.0], [1.0]])
    expected = 2 + 2 - 2 * (exp(-2) + exp(-1 / 18))
    objective = create("mmd-gan", bandwidths=(0.5, 3.0))
    assert value(objective, "estimate", first, second) == pytest.approx(expected)


def test_mmd_keeps_its_precision_where_features_are_close():
    first, second = (0.05 + 1e-4 * x for x in features())
    objective = create("mmd-gan")
    narrow = value(objective, "estimate", first, second, dtype=torch.float32)
    assert narrow == pytest.approx(value(objective, "estimate", first, second), rel=0.01)
    assert 0 < narrow < 1e-6


@pytest.mark.parametrize("name", ["mmd-gan", "sinkhorn-gan"])
def test_clipping_bounds_every_parameter_and_leaves_the_rest(name):
    parameters = {"a.weight": torch.tensor([[-3.0, 0.004]]), "a.bias": torch.tensor([0.02])}
    clipped = create(name).constrain(parameters)
    assert torch.equal(clipped["a.weight"], torch.tensor([[-0.01, 0.004]]))
    assert torch.equal(clipped["a.bias"], torch.tensor([0.01]))


def transported(first, second, epsilon):
    """Return POT's cost of the plan between uniform distributions."""
    cost = cdist(first, second)
    weights = [np.full(len(x), 1 / len(x)) for x in (first, second)]
    plan = ot.sinkhorn(
        *weights, cost, epsilon, method="sinkhorn_log", numItermax=20_000, stopThr=1e-9
    )
    return (plan * cost).sum()


@pytest.mark.parametrize("epsilon", [0.7, 2.0, 20.0])
@pytest.mark.parametrize("fake", [9, 5])
def test_sinkhorn_divergence_is_that_of_pot(epsilon, fake):
    first, second = features(9, fake)
    expected = 2 * transported(first, second, epsilon)
    expected -= transported(first, first, epsilon) + transported(second, second, epsilon)
    objective = create("sinkhorn-gan", epsilon=epsilon, iterations=2000)
    assert value(objective, "generator_loss", first, second) == pytest.approx(expected, rel=1e-6)
    loss = value(objective, "discriminator_loss", first, second)
    assert loss == pytest.approx(-expected, rel=1e-6)


def test_sinkhorn_divergence_is_twice_the_one_that_pot_defines():
    first, second = features()
    pots = ot.bregman.empirical_sinkhorn_divergence(
        first, second, 1.0, metric="euclidean", numIterMax=20_000, stopThr=1e-9
    )
    objective = create("sinkhorn-gan", iterations=2000)
    assert value(objective, "estimate", first, second) == pytest.approx(2 * float(pots), rel=1e-6)


def test_one_round_of_sinkhorn_by_hand():
    first, second = features(3, 4)

    def cost(a, b):
        distance = cdist(a, b)
        gibbs = np.exp(-distance / 0.7)
        rows = 1 / len(a) / (gibbs @ np.ones(len(b)))
        columns = 1 / len(b) / (gibbs.T @ rows)
        return (rows[:, None] * gibbs * columns * distance).sum()

    expected = 2 * cost(first, second) - cost(first, first) - cost(second, second)
    objective = create("sinkhorn-gan", epsilon=0.7, iterations=1)
    assert value(objective, "estimate", first, second) == pytest.approx(expected)


@pytest.mark.parametrize("epsilon", [0.05, 1.0, 100.0])
def test_equal_batches_are_at_sinkhorn_distance_zero(epsilon):
    first, _ = features()
    objective = create("sinkhorn-gan", epsilon=epsilon)
    assert value(objective, "estimate", first, first) == pytest.approx(0, abs=1e-12)


def test_sinkhorn_goes_from_twice_the_wasserstein_distance_to_the_energy_distance():
    first, second = features()
    exact = ot.emd2([], [], cdist(first, second))
    near = create("sinkhorn-gan", epsilon=0.005, iterations=5000)
    assert value(near, "estimate", first, second) == pytest.approx(2 * exact, rel=1e-3)
    far = create("sinkhorn-gan", epsilon=1e5)
    biased = energy(first, second) + pdist(first).mean() / 9 + pdist(second).mean() / 9
    assert value(far, "estimate", first, second) == pytest.approx(biased, rel=1e-3)
