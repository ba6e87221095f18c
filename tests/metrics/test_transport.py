"""Transport distances against identities, an independent solver and a simulated table."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from scipy.stats import wasserstein_distance

from bench.datasets.base import Mixture
from bench.metrics.transport import sliced_wasserstein2, wasserstein1
from bench.store import shipped as load


def sample(mixture, n, seed=0):
    return mixture.sample(n, np.random.default_rng(seed))


def box(mixture, n):
    side = 1.25 * np.abs(mixture.means).max()
    return np.random.default_rng(0).uniform(-side, side, size=(n, 2))


def assignment(x, y, metric="euclidean"):
    cost = cdist(x, y, metric)
    return cost[linear_sum_assignment(cost)].mean()


def test_a_shift_costs_its_length():
    x = np.random.default_rng(0).normal(size=(200, 2))
    assert wasserstein1(x, x + np.array([0.3, -0.4])) == pytest.approx(0.5, rel=1e-12)
    assert wasserstein1(x, x) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("dimension", [1, 2, 5])
def test_it_is_the_optimal_assignment(dimension):
    rng = np.random.default_rng(dimension)
    x, y = rng.normal(size=(150, dimension)), 2 * rng.normal(size=(150, dimension)) + 1
    assert wasserstein1(x, y) == pytest.approx(assignment(x, y), rel=1e-10)
    assert wasserstein1(x, y) == pytest.approx(wasserstein1(y, x), rel=1e-10)


def test_sizes_may_differ():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(60, 1)), rng.normal(size=(90, 1))
    assert wasserstein1(x, y) == pytest.approx(wasserstein_distance(x[:, 0], y[:, 0]), rel=1e-10)


@pytest.mark.parametrize("name", ["ring8", "grid25"])
def test_it_is_optimal_on_the_benchmark_too(name):
    mixture = load(name)
    reference = mixture.stratified(400, np.random.default_rng(1))
    for x in (sample(mixture, 400), sample(mixture.without(2), 400), box(mixture, 400)):
        assert wasserstein1(x, reference) == pytest.approx(assignment(x, reference), rel=1e-9)


@pytest.mark.parametrize("scale", [1e-20, 1e20])
def test_it_scales_with_the_data(scale):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 100, 2))
    for distance in (wasserstein1, sliced_wasserstein2):
        scaled = distance(scale * x, scale * y) / scale
        assert scaled == pytest.approx(distance(x, y), rel=1e-9)


def test_the_largest_floats_are_far_away_and_no_more():
    huge = np.full((50, 2), np.finfo(np.float32).max, dtype=np.float32)
    truth = sample(load("ring8"), 50)
    assert wasserstein1(huge, truth) == pytest.approx(np.sqrt(2) * float(huge[0, 0]))


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("distance", [wasserstein1, sliced_wasserstein2])
def test_a_point_that_is_not_finite_is_infinitely_far(distance, value):
    x = np.zeros((10, 2), dtype=np.float32)
    broken = x.copy()
    broken[3, 1] = value
    assert distance(broken, x) == distance(x, broken) == np.inf


@pytest.mark.parametrize("dimension", [1, 2, 3, 8])
def test_slicing_never_exceeds_the_whole(dimension):
    rng = np.random.default_rng(dimension)
    x, y = rng.normal(size=(100, dimension)), rng.exponential(size=(100, dimension))
    whole = np.sqrt(assignment(x, y, "sqeuclidean"))
    assert 0 < sliced_wasserstein2(x, y) <= whole * (1 + 1e-12)


def test_in_one_dimension_slicing_is_the_whole():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(100, 1)), rng.exponential(size=(100, 1))
    expected = np.sqrt(np.mean((np.sort(x[:, 0]) - np.sort(y[:, 0])) ** 2))
    assert sliced_wasserstein2(x, y) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("dimension", "tolerance"), [(2, 1e-9), (3, 0.1)])
def test_slicing_a_shift_leaves_its_mean_projection(dimension, tolerance):
    # The mean of (θ·s)² over directions is |s|²/d; evenly spaced angles give it exactly.
    x = np.random.default_rng(0).normal(size=(100, dimension))
    shift = np.arange(1.0, dimension + 1)
    expected = np.linalg.norm(shift) / np.sqrt(dimension)
    assert sliced_wasserstein2(x, x + shift) == pytest.approx(expected, rel=tolerance)


def test_sliced_samples_must_match():
    with pytest.raises(ValueError, match=r"\(3, 2\) with \(4, 2\)"):
        sliced_wasserstein2(np.zeros((3, 2)), np.zeros((4, 2)))


# Means of simulations at N = 2,500; here N = 1,000, where the noise is larger.
RING_TABLE = {
    "uniform": (0.519, 0.252),
    "one missing": (0.252, 0.303),
    "uneven": (0.267, 0.224),
}


@pytest.mark.parametrize("generator", RING_TABLE)
def test_the_table_of_the_ring(generator):
    ring = load("ring8")
    uneven = Mixture("uneven", ring.means, ring.std, np.tile([3, 1], 4) / 16)
    x = {
        "uniform": lambda: box(ring, 1000),
        "one missing": lambda: sample(ring.without(1), 1000),
        "uneven": lambda: sample(uneven, 1000),
    }[generator]()
    reference = ring.stratified(1000, np.random.default_rng(1))
    w1, sliced = RING_TABLE[generator]
    assert wasserstein1(x, reference) == pytest.approx(w1, abs=0.05)
    assert sliced_wasserstein2(x, reference) == pytest.approx(sliced, abs=0.05)


# Means of simulations of the sliced distance at N = 2,500, rounded to three digits.
SLICED_TABLE = {
    ("ring8", "truth"): 0.099,
    ("ring8", "wide"): 0.096,
    ("ring8", "blend"): 0.105,
    ("ring8", "box"): 0.252,
    ("ring8", "one missing"): 0.303,
    ("pacgan-ring", "truth"): 0.066,
    ("pacgan-ring", "box"): 0.178,
    ("pacgan-grid", "truth"): 0.164,
    ("pacgan-grid", "wide"): 0.148,
    ("pacgan-grid", "box"): 0.257,
    ("pacgan-grid", "one missing"): 0.334,
}


@pytest.mark.parametrize(("name", "generator"), SLICED_TABLE)
def test_the_table_of_sliced_distances(name, generator):
    mixture = load(name)
    reference = mixture.stratified(2500, np.random.default_rng(1))

    def blend(rng, share):
        side = 1.25 * np.abs(mixture.means).max()
        noise = rng.uniform(-side, side, size=(2500, 2))
        return np.where(rng.uniform(size=(2500, 1)) < share, noise, mixture.sample(2500, rng))

    draw = {
        "truth": lambda rng: mixture.sample(2500, rng),
        "wide": lambda rng: replace(mixture, std=2 * mixture.std).sample(2500, rng),
        "one missing": lambda rng: mixture.without(1).sample(2500, rng),
        "blend": lambda rng: blend(rng, 0.1),
        "box": lambda rng: blend(rng, 1.0),
    }[generator]
    seeds = range(30)
    values = [sliced_wasserstein2(draw(np.random.default_rng(s)), reference) for s in seeds]
    error = 3 * np.std(values) * np.sqrt(2 / len(values))
    assert np.mean(values) == pytest.approx(SLICED_TABLE[name, generator], abs=error + 0.0005)


def test_the_table_of_the_grid_in_its_own_units():
    ours = load("grid25")
    grid = Mixture("grid", ours.means * np.sqrt(8), 0.05)
    reference = grid.stratified(1000, np.random.default_rng(1))
    assert wasserstein1(box(grid, 1000), reference) == pytest.approx(0.712, abs=0.06)

    def mean(mixture):
        return np.mean([wasserstein1(sample(mixture, 1000, seed), reference) for seed in range(5)])

    assert mean(grid) < mean(grid.without(1)) == pytest.approx(0.313, abs=0.08)


def test_the_floor_of_the_ring():
    # Simulated: .037 on average, 95 % of draws within [.023, .057].
    ring = load("ring8")
    reference = ring.stratified(2500, np.random.default_rng(1))
    draws = [wasserstein1(sample(ring, 2500, seed), reference) for seed in range(3)]
    assert np.mean(draws) == pytest.approx(0.037, abs=0.015)
