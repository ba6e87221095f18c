"""The pairs are what they say: densities, samples, bounded ratios and lines."""

import numpy as np
import pytest
from scipy import stats

from bench.calibration.density import Density, gaussian, mixture
from bench.calibration.pairs import PAIRS, Pair

each_pair = pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)


def log_density(density, x):
    """The mixture's log-density by scipy."""
    components = zip(density.weights, density.means, density.covariances, strict=True)
    densities = [w * stats.multivariate_normal(m, c).pdf(x) for w, m, c in components]
    return np.log(np.sum(densities, axis=0))


def directions(dimension):
    if dimension == 1:
        return np.array([[-1.0], [1.0]])
    angle = 2 * np.pi * np.arange(720) / 720
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


@each_pair
def test_log_density_is_that_of_scipy(pair):
    x = np.random.default_rng(0).normal(scale=2, size=(200, pair.dimension))
    for density in (pair.p, pair.q):
        assert density.log_density(x) == pytest.approx(log_density(density, x), rel=1e-10)


@each_pair
def test_log_density_keeps_the_shape_of_the_points_and_is_finite_far_out(pair):
    x = np.full((3, 4, pair.dimension), 1e4)
    assert pair.p.log_density(x).shape == (3, 4)
    assert np.isfinite(pair.p.log_density(x)).all()


@each_pair
def test_samples_have_the_stated_mean_covariance_and_log_density(pair):
    n = 200_000
    for density in (pair.p, pair.q):
        x = density.sample(n, np.random.default_rng(1))
        assert x.shape == (n, pair.dimension)
        # The moments from those of the components, E xxᵀ = Σ w (Σ_k + m mᵀ).
        mean = np.average(density.means, axis=0, weights=density.weights)
        outer = density.means[:, :, None] * density.means[:, None, :]
        second = np.average(density.covariances + outer, axis=0, weights=density.weights)
        products = x[:, :, None] * x[:, None, :]
        for values, expected in [(x, mean), (products, second)]:
            error = values.std(axis=0) / np.sqrt(n)
            assert (np.abs(values.mean(axis=0) - expected) < 4.5 * error + 1e-12).all()
        assert density.mean == pytest.approx(mean)
        assert density.covariance == pytest.approx(second - np.outer(mean, mean))


def test_each_component_is_drawn_with_its_own_covariance():
    """Far components can be told apart, and each has its share, its mean and its correlation."""
    near, far = gaussian([0, 0], [[4, 1.5], [1.5, 1]]), gaussian([100, 0], [[1, -0.8], [-0.8, 1]])
    density = mixture((0.25, near), (0.75, far))
    x = density.sample(100_000, np.random.default_rng(2))
    right = x[:, 0] > 50
    assert right.mean() == pytest.approx(0.75, abs=0.006)
    assert np.cov(x[~right].T) == pytest.approx(np.array([[4, 1.5], [1.5, 1]]), abs=0.15)
    assert np.cov(x[right].T) == pytest.approx(np.array([[1, -0.8], [-0.8, 1]]), abs=0.03)


def test_a_uniform_chooses_its_component_by_the_weights_in_order():
    density = PAIRS["weights-2d"].p
    uniform = (np.arange(1000) + 0.5) / 1000
    x = density.place(uniform, np.zeros((1000, 2)))
    assert x == pytest.approx(np.repeat(density.means, [600, 300, 100], axis=0))
    edges = density.place(np.array([0.0, 1.0]), np.zeros((2, 2)))
    assert edges == pytest.approx(density.means[[0, 2]])


def test_factors_are_lower_triangular_roots_of_the_covariances():
    for pair in PAIRS.values():
        factors = pair.p.factors
        assert np.array_equal(factors, np.tril(factors))
        assert factors @ factors.transpose(0, 2, 1) == pytest.approx(pair.p.covariances)


@each_pair
def test_bounded_is_what_the_log_ratio_does_far_out(pair):
    """A bounded one is nowhere larger far out than near; another grows with the distance."""

    def largest(low, high):
        radius = np.linspace(low, high, 400)[:, None, None]
        x = radius * directions(pair.dimension)
        return np.abs(pair.p.log_density(x) - pair.q.log_density(x)).max()

    if pair.bounded:
        assert largest(30, 1000) <= largest(0, 30) * (1 + 1e-9)
        assert largest(0, 30) < 5
    else:
        assert largest(0, 1000) > 20 * largest(0, 30)


def test_a_ratio_bounded_in_one_direction_only_is_not_bounded():
    narrow, wide = gaussian(0, 1), gaussian(1, 4)
    for p, q in [(narrow, wide), (wide, narrow)]:
        assert not Pair("x", "x", p, q, (np.zeros(1), np.ones(1))).bounded


def test_one_wider_axis_does_not_bound_the_other():
    p, q = gaussian([0, 0], np.diag([1.0, 4.0])), gaussian([0, 0], np.diag([4.0, 1.0]))
    assert not Pair("x", "x", p, q, (np.zeros(2), np.ones(2))).bounded
    assert Pair("x", "x", p, p, (np.zeros(2), np.ones(2))).bounded


@each_pair
def test_the_line_crosses_from_where_p_is_denser_to_where_q_is(pair):
    line = pair.line(201)
    assert line.shape == (201, pair.dimension)
    assert np.array_equal(line[[0, -1]], np.array(pair.ends))
    assert np.diff(line, axis=0) == pytest.approx(np.tile((line[-1] - line[0]) / 200, (200, 1)))
    log_ratio = pair.p.log_density(line) - pair.q.log_density(line)
    assert log_ratio.max() > 0.3
    assert log_ratio.min() < -0.3


@pytest.mark.parametrize("dimension", [1, 2])
def test_the_list_has_both_kinds_of_pairs_in_each_dimension(dimension):
    pairs = [pair for pair in PAIRS.values() if pair.dimension == dimension]
    bounded = {pair.name for pair in pairs if pair.bounded}
    assert len(pairs) >= 5
    assert len(bounded) >= 3
    for base in ("shift", "scale", "rotated")[: dimension + 1]:
        assert f"{base}-bounded-{dimension}d" in bounded
        assert f"{base}-{dimension}d" not in bounded


def test_names_and_titles_are_unique_and_tell_the_dimension():
    assert len({pair.title for pair in PAIRS.values()}) == len(PAIRS)
    for name, pair in PAIRS.items():
        assert name == pair.name
        assert name.endswith(f"-{pair.dimension}d")
        assert pair.p.dimension == pair.q.dimension == pair.dimension


@pytest.mark.parametrize(
    ("weights", "means", "covariances", "message"),
    [
        (np.ones(2) / 2, np.zeros((1, 1)), np.ones((1, 1, 1)), "1 means want as many weights"),
        (np.ones(1), np.zeros((1, 2)), np.ones((1, 1, 1)), "do not go with covariances"),
        (np.array([0.5, 0.6]), np.zeros((2, 1)), np.ones((2, 1, 1)), "sum one"),
        (np.array([1.5, -0.5]), np.zeros((2, 1)), np.ones((2, 1, 1)), "positive"),
    ],
)
def test_a_density_that_is_none_is_refused(weights, means, covariances, message):
    with pytest.raises(ValueError, match=message):
        Density(weights, means, covariances)
