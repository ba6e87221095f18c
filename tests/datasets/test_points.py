"""Datasets whose density is known: their constants, their samples and their density."""

import numpy as np
import pytest
from scipy.integrate import quad_vec
from scipy.stats import chi2, ks_2samp, kstest, multivariate_normal
from sklearn.datasets import make_swiss_roll

from bench import datasets
from bench.datasets.base import Mixture, PointSource
from bench.metrics.modes import high_quality_radius
from bench.plugins import PluginError
from bench.store import shipped as load

NAMES = [
    *("ring8", "grid25", "pacgan-ring", "pacgan-grid", "unrolled-ring7", "ring8-imbalanced"),
    *("anisotropic", "random-k", "swiss-roll", "veegan-1200d"),
]
MODAL = [name for name in NAMES if name != "swiss-roll"]
#: Components of every kind: isotropic, of one factor, of one each, and flat, with a factor that
#: keeps lengths and with others.
TURNED = np.array([[[1.0, 0.5], [0, 2]], [[0.1, 0], [3, 1]]])
FACTORS = {
    "isotropic": np.empty(0),
    "shared": TURNED[:1],
    "own": TURNED,
    "flat": np.array([[[0.6], [0.8]]]),
    "flat and stretched": np.array([[[0.0], [3.0]], [[1.0], [1.0]]]),
}


def pair(factors, weights=(0.3, 0.7)):
    means = np.array([[4.0, 0.0], [-1.0, 2.0]])
    return Mixture("pair", means, 0.5, np.array(weights), factors)


def covariances(mixture):
    """Return the covariance of every component."""
    d = mixture.shape[0]
    factors = mixture.factors if mixture.factors.size else np.eye(d)[None]
    each = mixture.std**2 * factors @ np.swapaxes(factors, 1, 2)
    return np.broadcast_to(each, (len(mixture.means), d, d))


@pytest.fixture(params=FACTORS)
def mixture(request):
    return pair(FACTORS[request.param])


def test_every_source_of_points_is_here():
    sources = {name: datasets.REGISTRY.load(path) for name, path in datasets.find().items()}
    assert {name for name in sources if issubclass(sources[name], PointSource)} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_source_says_what_its_mixture_is(name):
    source = datasets.create(name)
    mixture = source.mixture("called")
    assert mixture.name == "called"
    assert (mixture.kind, mixture.shape) == (source.kind, source.shape)
    assert mixture.weights.sum() == pytest.approx(1)
    assert mixture.weights.min() > 0
    samples = mixture.sample(20, np.random.default_rng(0))
    assert samples.shape == (20, *source.shape)
    assert samples.dtype == np.float32


@pytest.mark.parametrize("name", MODAL)
def test_the_truth_is_of_high_quality(name):
    mixture = load(name)
    samples = mixture.sample(2_000 if mixture.flat else 20_000, np.random.default_rng(0))
    sharp = mixture.distances(samples).min(axis=1) <= high_quality_radius(mixture.rank)
    assert sharp.mean() == pytest.approx(-np.expm1(-4.5), abs=4 * np.sqrt(0.011 / len(samples)))


# VEEGAN's nearest centres are 8.7 apart: it takes 700 dimensions to tell their samples apart.
@pytest.mark.parametrize("name", [name for name in MODAL if name != "veegan-1200d"])
def test_no_high_quality_sample_lies_between_two_modes(name):
    mixture = load(name)
    for number, mean in enumerate(mixture.means):
        halfway = (np.delete(mixture.means, number, axis=0) + mean) / 2
        assert mixture.distances(halfway)[:, number].min() > high_quality_radius(mixture.rank)


def test_rings_have_the_published_centres():
    ring = load("pacgan-ring")
    assert ring.std == 0.01
    assert np.linalg.norm(ring.means, axis=1) == pytest.approx(1)
    assert len(np.unique(ring.means.round(6), axis=0)) == 8
    assert load("pacgan-grid").means == pytest.approx(load("grid25").means * np.sqrt(8))
    assert load("pacgan-grid").std == pytest.approx(load("grid25").std * np.sqrt(8))


def test_the_historical_ring_is_the_one_with_both_end_points():
    angle = np.linspace(0, 2 * np.pi, 8)
    centres = np.stack([np.sin(angle), np.cos(angle)], axis=1)
    ring = load("unrolled-ring7")
    assert ring.std == 0.01
    nearest = ring.distances(centres)
    assert nearest.min(axis=1) == pytest.approx(0, abs=1e-9)
    counts = np.bincount(nearest.argmin(axis=1), minlength=7)
    assert counts / 8 == pytest.approx(ring.weights)
    assert counts.tolist() == [2, 1, 1, 1, 1, 1, 1]


def test_imbalanced_modes_halve():
    ring = load("ring8-imbalanced")
    assert ring.means == pytest.approx(load("ring8").means)
    assert ring.weights[:-1] == pytest.approx(2 * ring.weights[1:])


def test_ellipses_have_the_ratio_and_point_every_way():
    mixture = load("anisotropic", ratio=4.0)
    values, vectors = np.linalg.eigh(covariances(mixture))
    assert np.sqrt(values) == pytest.approx(np.tile([0.015, 0.06], (8, 1)))
    angles = np.arctan2(vectors[:, 1, 1], vectors[:, 0, 1]) % np.pi
    assert np.diff(np.sort(angles)).min() > 1e-3
    other = load("anisotropic", ratio=4.0, seed=1)
    assert not np.allclose(covariances(other), covariances(mixture))


def test_random_modes_keep_apart_and_follow_their_settings():
    crowded = load("random-k", modes=40, dimension=2, spread=0.02, seed=3)
    assert crowded.means.shape == (40, 2)
    assert np.abs(crowded.means).max() <= 1
    gaps = np.linalg.norm(crowded.means[:, None] - crowded.means, axis=2)
    assert gaps[~np.eye(40, dtype=bool)].min() >= 2 * (np.sqrt(2) + 2) * 0.02
    assert np.array_equal(load("random-k").means, load("random-k").means)
    assert not np.array_equal(load("random-k", seed=1).means, load("random-k").means)
    assert load("random-k", modes=3, dimension=64).shape == (64,)
    # So that balls of that size hold what high quality is.
    for dimension in (1, 2, 3, 10, 64, 1000):
        assert high_quality_radius(dimension) < np.sqrt(dimension) + 2


def test_impossible_settings_are_named():
    with pytest.raises(ValueError, match=r"40 modes of spread 0.5 do not fit into \[-1, 1\]\^2"):
        load("random-k", modes=40, dimension=2, spread=0.5)
    for settings in ({"modes": 0}, {"dimension": -1}, {"spread": 0.0}):
        (setting,) = settings
        with pytest.raises(PluginError, match=f"{setting} must be positive"):
            load("random-k", **settings)
    with pytest.raises(PluginError, match="ratio must be positive"):
        load("anisotropic", ratio=0.0)


def test_the_swiss_roll_is_that_of_scikit_learn():
    rng = np.random.default_rng(0)
    ours = load("swiss-roll").sample(20_000, rng)
    theirs = make_swiss_roll(20_000, noise=0.25, random_state=0)[0][:, [0, 2]] / 7.5
    # Projections of every direction agree, and so do the distances from the centre.
    for angle in np.pi * np.arange(8) / 8:
        axis = np.array([np.cos(angle), np.sin(angle)])
        assert ks_2samp(ours @ axis, theirs @ axis).pvalue > 1e-3
    assert ks_2samp(np.hypot(*ours.T), np.hypot(*theirs.T)).pvalue > 1e-3


def test_the_swiss_rolls_density_is_the_integral_over_the_curve():
    roll = load("swiss-roll")
    samples = roll.sample(300, np.random.default_rng(1))

    def integrand(t):
        curve = np.array([t * np.cos(t), t * np.sin(t)]) / 7.5
        return multivariate_normal.pdf(samples.astype(float), curve, (0.25 / 7.5) ** 2)

    integral, _ = quad_vec(integrand, 1.5 * np.pi, 4.5 * np.pi, epsrel=1e-10, limit=1000)
    errors = np.abs(np.exp(roll.log_density(samples)) * 3 * np.pi / integral - 1)
    assert errors.max() < 0.06
    assert np.quantile(errors, 0.9) < 1e-6


def test_veegans_gaussians_are_flat_and_far_from_their_centres():
    mixture = load("veegan-1200d")
    assert (mixture.rank, mixture.shape, len(mixture.means)) == (700, (1200,), 10)
    samples = mixture.stratified(100, np.random.default_rng(0))
    offsets = samples - np.repeat(mixture.means, 10, axis=0)
    assert np.abs(offsets[:, 700:]).max() < 1e-5
    assert offsets[:, :700].std() == pytest.approx(1, abs=0.02)
    distances = mixture.distances(samples)
    assert distances.argmin(axis=1).tolist() == np.repeat(np.arange(10), 10).tolist()
    # The published radius holds none of the truth.
    assert distances.min() > 2 * mixture.radius
    with pytest.raises(ValueError, match="'veegan-1200d' lies on 700 of 1200 dimensions"):
        mixture.log_density(samples)


def test_samples_have_the_components_means_and_covariances(mixture):
    """A stratified sample has its components in order, and so tells them apart."""
    samples = mixture.stratified(40_000, np.random.default_rng(0))
    for number, part in enumerate((samples[:12_000], samples[12_000:])):
        expected = covariances(mixture)[number]
        offsets = part - mixture.means[number]
        largest = expected.max()
        assert np.abs(offsets.mean(axis=0)).max() < 4.5 * np.sqrt(largest / len(part))
        error = offsets.T @ offsets / len(part) - expected
        assert np.abs(error).max() < 4.5 * np.sqrt(2 / len(part)) * largest


def test_a_sample_has_the_mixtures_mean_and_covariance(mixture):
    samples = mixture.sample(40_000, np.random.default_rng(0))
    mean = mixture.weights @ mixture.means
    offsets = mixture.means - mean
    within = np.einsum("k,kij->ij", mixture.weights, covariances(mixture))
    covariance = within + (mixture.weights * offsets.T) @ offsets
    assert samples.mean(axis=0) == pytest.approx(mean, abs=4.5 * np.sqrt(covariance.max() / 4e4))
    assert np.cov(samples.T) == pytest.approx(covariance, abs=0.03 * covariance.max())


def test_distances_are_mahalanobis_where_components_span_the_space():
    for name in ("isotropic", "shared", "own"):
        mixture = pair(FACTORS[name])
        samples = mixture.sample(50, np.random.default_rng(0))
        for number, covariance in enumerate(covariances(mixture)):
            offsets = samples - mixture.means[number]
            squares = np.einsum("ni,ij,nj->n", offsets, np.linalg.inv(covariance), offsets)
            assert mixture.distances(samples)[:, number] == pytest.approx(np.sqrt(squares))


def test_distances_follow_the_chi_distribution_of_the_rank(mixture):
    samples = mixture.stratified(5_000, np.random.default_rng(0))[:1500]
    squares = mixture.distances(samples)[:, 0] ** 2
    assert kstest(squares, chi2(mixture.rank).cdf).pvalue > 1e-3


def test_distances_across_a_flat_component_are_in_its_deviation():
    flat = pair(FACTORS["flat and stretched"])
    along, across = np.array([0.0, 1.5]), np.array([1.0, 0.0])
    samples = flat.means[0] + np.array([along, across, along + across])
    assert flat.distances(samples)[:, 0] == pytest.approx([1, 2, np.sqrt(5)])
    # A factor that keeps lengths: all of it is the Euclidean distance.
    even = pair(FACTORS["flat"])
    samples = even.sample(30, np.random.default_rng(0)) + 1
    euclidean = np.linalg.norm(samples[:, None] - even.means, axis=2) / 0.5
    assert even.distances(samples) == pytest.approx(euclidean)


@pytest.mark.parametrize("name", ["isotropic", "shared", "own"])
def test_the_density_is_that_of_scipys_gaussians(name):
    mixture = pair(FACTORS[name])
    samples = mixture.sample(200, np.random.default_rng(0))
    parts = zip(mixture.weights, mixture.means, covariances(mixture), strict=True)
    density = sum(
        weight * multivariate_normal.pdf(samples.astype(float), mean, covariance)
        for weight, mean, covariance in parts
    )
    assert np.exp(mixture.log_density(samples)) == pytest.approx(density, rel=1e-9)


def test_far_away_the_density_is_small_and_not_wrong():
    mixture = pair(FACTORS["isotropic"])
    far = np.array([[1e4, 0.0]])
    nearest = mixture.distances(far)[0, 0]
    expected = np.log(0.3) - np.log(2 * np.pi * 0.25) - nearest**2 / 2
    assert mixture.log_density(far)[0] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_infinitely_far(mixture, value):
    samples = np.array([[value, 0.0], [4.0, 0.0]], dtype=np.float32)
    distances = mixture.distances(samples)
    assert np.isinf(distances[0]).all()
    assert np.isfinite(distances[1]).all()
    if not mixture.flat:
        density = mixture.log_density(samples)
        assert density[0] == -np.inf
        assert np.isfinite(density[1])


def test_the_spread_is_the_distance_from_the_centre(mixture):
    samples = mixture.stratified(40_000, np.random.default_rng(0))
    centres = np.repeat(mixture.means, [12_000, 28_000], axis=0)
    measured = np.sqrt(np.square(samples - centres).sum(axis=1).mean())
    assert mixture.spread == pytest.approx(measured, rel=0.02)


def test_strata_are_even_where_components_outnumber_samples():
    roll = load("swiss-roll")
    samples = roll.stratified(100, np.random.default_rng(0))
    order = roll.distances(samples).argmin(axis=1)
    # One in ten along the curve, give or take what noise shifts.
    assert np.abs(order - (10 * np.arange(100) + 5)).max() < 30


@pytest.mark.parametrize("n", [1, 7, 10, 500, 2500])
@pytest.mark.parametrize("name", ["ring8", "grid25", "ring8-imbalanced"])
def test_strata_have_their_due(name, n):
    mixture = load(name)
    samples = mixture.stratified(n, np.random.default_rng(0))
    counts = np.bincount(mixture.distances(samples).argmin(axis=1), minlength=len(mixture.means))
    assert counts.sum() == n
    assert np.abs(counts - n * mixture.weights).max() <= 1


def test_without_its_last_components_it_keeps_all_else():
    mixture = Mixture(
        "m",
        np.arange(6.0).reshape(3, 2),
        0.1,
        np.array([0.2, 0.3, 0.5]),
        np.concatenate([TURNED, TURNED[:1]]),
        radius=4.0,
    )
    less = mixture.without(1)
    assert less.means.tolist() == mixture.means[:2].tolist()
    assert less.weights == pytest.approx([0.4, 0.6])
    assert np.array_equal(less.factors, TURNED)
    assert (less.name, less.std, less.modal, less.radius) == ("m", 0.1, True, 4.0)
    assert np.array_equal(pair(TURNED[:1]).without(1).factors, TURNED[:1])
    assert load("swiss-roll").without(250).kind == "density"
