"""Mode metrics against hand-made samples, closed forms, and a simulated reference table."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import chi2

from bench.datasets.base import Mixture
from bench.metrics.modes import COVERAGE, PUBLISHED, high_quality_radius, mode_metrics
from bench.records import METRICS
from bench.store import shipped as load

N = 2500
KEYS = ["modes", "modes_any", "high_quality", "kl_reverse", "kl_forward", "tv", "kl_plus"]


def on_the_centres(mixture, counts):
    return np.repeat(mixture.means, counts, axis=0)


def box(mixture, seed):
    side = 1.25 * np.abs(mixture.means).max()
    return np.random.default_rng(seed).uniform(-side, side, size=(N, 2))


def average(draw, mixture, draws=20):
    metrics = [mode_metrics(draw(seed), mixture) for seed in range(draws)]
    return {key: np.mean([metric[key] for metric in metrics]) for key in metrics[0]}


def test_the_names_are_those_of_the_catalogue():
    assert list(mode_metrics(np.zeros((3, 2)), load("ring8"))) == KEYS
    assert set(KEYS) <= set(METRICS)
    assert set(PUBLISHED) <= set(KEYS)


def test_samples_on_the_centres_are_perfect_but_for_their_sharpness():
    ring = load("ring8")
    metrics = mode_metrics(on_the_centres(ring, [100] * 8), ring)
    assert metrics["modes"] == metrics["modes_any"] == 8
    assert metrics["high_quality"] == 1
    assert metrics["tv"] == metrics["kl_reverse"] == 0
    # Half a sample more in each mode leaves even shares even.
    assert metrics["kl_forward"] == pytest.approx(0)
    # Sharper than the truth: its low-quality bin is empty.
    assert metrics["kl_plus"] == pytest.approx(-np.log(COVERAGE))


def test_one_missing_mode_costs_the_closed_forms():
    ring = load("ring8")
    metrics = mode_metrics(on_the_centres(ring, [100] * 7 + [0]), ring)
    assert metrics["modes"] == metrics["modes_any"] == 7
    assert metrics["kl_reverse"] == pytest.approx(np.log(8 / 7))
    assert metrics["tv"] == pytest.approx(1 / 8)
    p = np.array([100.5] * 7 + [0.5]) / 704
    assert metrics["kl_forward"] == pytest.approx(-np.log(8 * p).mean())
    assert metrics["kl_plus"] == pytest.approx(np.log(8 / 7 / COVERAGE))


def test_a_mode_counts_from_a_fifth_of_its_due():
    ring = load("ring8")
    # 800 samples, 100 due to each mode: 20 are enough, 19 are not.
    assert mode_metrics(on_the_centres(ring, [100] * 6 + [180, 20]), ring)["modes"] == 8
    metrics = mode_metrics(on_the_centres(ring, [100] * 6 + [181, 19]), ring)
    assert (metrics["modes"], metrics["modes_any"]) == (7, 8)


def test_the_due_follows_the_weights():
    pair = Mixture("pair", np.array([[-1.0, 0.0], [1.0, 0.0]]), 0.01, np.array([0.9, 0.1]))
    assert mode_metrics(on_the_centres(pair, [97, 3]), pair)["modes"] == 2
    assert mode_metrics(on_the_centres(pair, [99, 1]), pair)["modes"] == 1
    assert mode_metrics(on_the_centres(pair, [90, 10]), pair)["kl_reverse"] == pytest.approx(0)


def test_high_quality_ends_at_three_deviations():
    ring = load("ring8")
    aside = np.array([ring.std, 0])
    within = mode_metrics(ring.means + 2.999 * aside, ring)
    beyond = mode_metrics(ring.means + 3.001 * aside, ring)
    assert (within["high_quality"], beyond["high_quality"]) == (1, 0)
    assert beyond["modes"] == beyond["modes_any"] == 0


@pytest.mark.parametrize("dimension", [1, 2, 3, 10, 64])
def test_the_radius_holds_the_same_share_in_every_dimension(dimension):
    radius = high_quality_radius(dimension)
    assert chi2.cdf(radius**2, dimension) == pytest.approx(1 - np.exp(-4.5))
    published = {2: 3.000, 3: 3.334, 10: 4.786, 64: 9.625}
    assert radius == pytest.approx(published.get(dimension, radius), abs=5e-4)
    origin = Mixture("origin", np.zeros((1, dimension)), 0.5)
    truth = origin.sample(20_000, np.random.default_rng(0))
    assert mode_metrics(truth, origin)["high_quality"] == pytest.approx(COVERAGE, abs=0.003)


# Means of simulations at N = 2,500, to be met within three standard errors.
@pytest.mark.parametrize(
    ("name", "quality", "any_rule"), [("ring8", 0.004, 5.75), ("grid25", 0.018, 21.3)]
)
def test_uniform_noise_fools_the_any_rule_but_not_the_primary(name, quality, any_rule):
    mixture = load(name)
    metrics = average(lambda seed: box(mixture, seed), mixture)
    assert metrics["modes"] == 0
    assert metrics["modes_any"] == pytest.approx(any_rule, abs=1)
    assert metrics["high_quality"] == pytest.approx(quality, abs=0.002)
    assert metrics["kl_plus"] > 4
    # The few samples that hit a mode are too few for even shares.
    assert metrics["kl_reverse"] > 0.1


@pytest.mark.parametrize(
    ("name", "reverse", "tv"), [("ring8", 0.001, 0.021), ("grid25", 0.005, 0.038)]
)
def test_the_truth_reaches_the_floor(name, reverse, tv):
    mixture = load(name)
    metrics = average(lambda seed: mixture.sample(N, np.random.default_rng(seed)), mixture)
    modes = len(mixture.means)
    assert metrics["modes"] == metrics["modes_any"] == modes
    assert metrics["high_quality"] == pytest.approx(0.989, abs=0.002)
    assert metrics["kl_reverse"] == pytest.approx(reverse, abs=0.0007)
    assert metrics["kl_reverse"] == pytest.approx((modes - 1) / (2 * N), rel=0.3)
    assert metrics["tv"] == pytest.approx(tv, abs=0.004)
    assert metrics["kl_plus"] == pytest.approx(modes / (2 * N), rel=0.3)


def test_twice_the_deviation_costs_a_third_of_the_quality_and_no_mode():
    ring = load("ring8")
    wide = Mixture("wide", ring.means, 2 * ring.std)
    metrics = average(lambda seed: wide.sample(N, np.random.default_rng(seed)), ring)
    assert metrics["high_quality"] == pytest.approx(-np.expm1(-4.5 / 4), abs=0.01)
    assert metrics["modes"] == 8
    # The floor of a third fewer samples.
    assert metrics["tv"] == pytest.approx(0.021 / np.sqrt(0.675), abs=0.004)
    assert metrics["kl_plus"] > 0.5


def test_uneven_modes_are_seen_by_the_divergences_only():
    ring = load("ring8")
    uneven = Mixture("uneven", ring.means, ring.std, np.tile([3, 1], 4) / 16)
    metrics = average(lambda seed: uneven.sample(N, np.random.default_rng(seed)), ring)
    assert metrics["modes"] == 8
    assert metrics["kl_reverse"] == pytest.approx(0.134, abs=0.01)
    assert metrics["tv"] == pytest.approx(0.251, abs=0.01)


def blend(mixture, rng, share=0.1):
    """Return samples of the mixture, each one of ``box`` instead with this probability."""
    side = 1.25 * np.abs(mixture.means).max()
    noise = rng.uniform(-side, side, size=(N, 2))
    return np.where(rng.uniform(size=(N, 1)) < share, noise, mixture.sample(N, rng))


# Means of simulations at N = 2,500, rounded to the last digit.
# high quality, modes ≥ 1, modes, reverse KL over all samples' nearest modes, total variation.
TABLE = {
    ("ring8", "truth"): (0.989, 8, 8, 0.001, 0.021),
    ("ring8", "wide"): (0.676, 8, 8, 0.001, 0.021),
    ("ring8", "one missing"): (0.989, 7, 7, 0.135, 0.125),
    ("ring8", "blend"): (0.890, 8, 8, 0.001, 0.022),
    ("ring8", "box"): (0.004, 5.75, 0, 0.016, 0.086),
    ("pacgan-ring", "truth"): (0.989, 8, 8, 0.001, 0.021),
    ("pacgan-ring", "box"): (0.004, 5.95, 0, 0.015, 0.082),
    ("pacgan-grid", "truth"): (0.989, 25, 25, 0.005, 0.038),
    ("pacgan-grid", "one missing"): (0.989, 24, 24, 0.046, 0.062),
    ("pacgan-grid", "wide"): (0.678, 25, 25, 0.004, 0.037),
    ("pacgan-grid", "box"): (0.018, 21.3, 0, 0.005, 0.040),
}


@pytest.mark.parametrize(("name", "generator"), TABLE)
def test_the_table(name, generator):
    mixture = load(name)
    draw = {
        "truth": lambda rng: mixture.sample(N, rng),
        "wide": lambda rng: replace(mixture, std=2 * mixture.std).sample(N, rng),
        "one missing": lambda rng: mixture.without(1).sample(N, rng),
        "blend": lambda rng: blend(mixture, rng),
        "box": lambda rng: blend(mixture, rng, share=1.0),
    }[generator]
    draws = 40
    samples = [draw(np.random.default_rng(seed)) for seed in range(draws)]
    sharp = [mode_metrics(each, mixture) for each in samples]
    # The table's divergences are over all samples, which an infinite radius takes.
    every = [mode_metrics(each, mixture, np.inf) for each in samples]
    columns = [
        *([metrics[key] for metrics in sharp] for key in ("high_quality", "modes_any", "modes")),
        *([metrics[key] for metrics in every] for key in ("kl_reverse", "tv")),
    ]
    for column, expected in zip(columns, TABLE[name, generator], strict=True):
        # As many draws are behind the table's means, and half of their last digit is lost.
        error = 3 * np.std(column) * np.sqrt(2 / draws)
        rounding = 0.05 if expected > 20 else 0.005 if expected > 1 else 0.0005
        assert np.mean(column) == pytest.approx(expected, abs=error + rounding + 1e-9)


def test_a_radius_of_its_own_is_measured_within():
    ring = load("ring8")
    aside = ring.means + np.array([5 * ring.std, 0])
    assert mode_metrics(aside, ring)["high_quality"] == 0
    assert mode_metrics(aside, ring, 5.001)["high_quality"] == 1
    assert mode_metrics(aside, ring, 4.999)["high_quality"] == 0
    truth = ring.sample(20_000, np.random.default_rng(0))
    within_two = mode_metrics(truth, ring, 2.0)
    assert within_two["high_quality"] == pytest.approx(-np.expm1(-2), abs=0.01)
    # The bin for the rest is as large as the radius leaves it.
    assert within_two["kl_plus"] < 0.002


def test_modes_of_another_covariance_have_the_same_share_of_high_quality():
    for name in ("anisotropic", "veegan-1200d"):
        mixture = load(name)
        metrics = mode_metrics(mixture.sample(N, np.random.default_rng(0)), mixture)
        assert metrics["modes"] == metrics["modes_any"] == len(mixture.means)
        assert metrics["high_quality"] == pytest.approx(COVERAGE, abs=0.008)
        assert metrics["kl_plus"] == pytest.approx(len(mixture.means) / (2 * N), abs=0.004)


def test_high_quality_follows_the_ellipse():
    mixture = load("anisotropic")
    lengths = mixture.std * np.linalg.norm(mixture.factors, axis=1)
    units = mixture.factors / np.linalg.norm(mixture.factors, axis=1, keepdims=True)
    for axis in range(2):
        for multiple, quality in ((2.999, 1), (3.001, 0)):
            offsets = multiple * lengths[:, [axis]] * units[:, :, axis]
            assert mode_metrics(mixture.means + offsets, mixture)["high_quality"] == quality


def test_the_published_radius_of_1200_dimensions_holds_centres_and_no_truth():
    mixture = load("veegan-1200d")
    truth = mixture.sample(200, np.random.default_rng(0))
    found = mode_metrics(truth, mixture, mixture.radius)
    assert (found["modes_any"], found["high_quality"]) == (0, 0)
    found = mode_metrics(on_the_centres(mixture, [20] * 10), mixture, mixture.radius)
    assert (found["modes_any"], found["high_quality"]) == (10, 1)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_sample_that_is_not_finite_belongs_nowhere(value):
    ring = load("ring8")
    samples = on_the_centres(ring, [10] * 8).astype(np.float32)
    samples[:20, 1] = value
    metrics = mode_metrics(samples, ring)
    assert metrics["modes"] == metrics["modes_any"] == 6
    assert metrics["high_quality"] == 0.75
    assert metrics["tv"] == pytest.approx(0.25)
    assert metrics["kl_reverse"] == pytest.approx(np.log(8 / 6))
    assert np.isfinite(metrics["kl_plus"])


@pytest.mark.parametrize("value", [np.nan, 0.0])
def test_without_high_quality_all_samples_are_in_the_least_likely_mode(value):
    pair = Mixture("pair", np.array([[-1.0, 0.0], [1.0, 0.0]]), 0.01, np.array([0.9, 0.1]))
    metrics = mode_metrics(np.full((80, 2), value, dtype=np.float32), pair)
    assert [metrics[key] for key in KEYS[:3]] == [0, 0, 0]
    assert metrics["kl_reverse"] == pytest.approx(np.log(10))
    assert metrics["tv"] == pytest.approx(0.9)
    p = np.array([0.5, 80.5]) / 81
    assert metrics["kl_forward"] == pytest.approx(
        0.9 * np.log(0.9 / p[0]) + 0.1 * np.log(0.1 / p[1])
    )
    assert metrics["kl_plus"] == pytest.approx(4.5)


def test_the_largest_floats_are_far_away_and_no_more():
    ring = load("ring8")
    huge = np.full((80, 2), np.finfo(np.float32).max, dtype=np.float32)
    assert mode_metrics(huge, ring)["high_quality"] == 0
