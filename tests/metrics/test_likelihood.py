"""Likelihoods against scikit-learn's density estimate and closed forms."""

import numpy as np
import pytest
from sklearn.neighbors import KernelDensity

from bench.datasets.base import Mixture
from bench.metrics.likelihood import BANDWIDTHS, ParzenWindow, mean_log_density
from bench.store import shipped as load


def standard(dimension):
    return Mixture("standard", np.zeros((1, dimension)), 1.0)


def window(mixture, n=300, smallest=0.05):
    rng = np.random.default_rng(100)
    return ParzenWindow.of(mixture.sample(n, rng), mixture.sample(n, rng), smallest)


@pytest.mark.parametrize("dimension", [1, 2, 10])
def test_the_truths_own_log_density_is_minus_its_entropy(dimension):
    truth = standard(dimension)
    samples = truth.sample(40_000, np.random.default_rng(0))
    entropy = dimension * np.log(2 * np.pi * np.e) / 2
    error = np.sqrt(dimension / 2 / 40_000)
    assert mean_log_density(samples, truth) == pytest.approx(-entropy, abs=4.5 * error)


def test_the_highest_peak_scores_best():
    ring = load("ring8")
    truth = mean_log_density(ring.sample(500, np.random.default_rng(0)), ring)
    collapsed = mean_log_density(ring.means[:1].repeat(500, axis=0), ring)
    # The mean of half a squared distance is 1 in two dimensions.
    assert collapsed == pytest.approx(-np.log(8 * 2 * np.pi * ring.std**2))
    assert collapsed - truth == pytest.approx(1, abs=0.2)


@pytest.mark.parametrize("name", ["ring8", "random-k", "swiss-roll"])
def test_it_is_scikit_learns_estimate_at_the_likeliest_bandwidth(name):
    mixture = load(name)
    parzen = window(mixture, smallest=mixture.std / 4)
    samples = mixture.sample(250, np.random.default_rng(0))
    estimates = [KernelDensity(bandwidth=width).fit(samples) for width in parzen.bandwidths]
    validation = [estimate.score(parzen.validation) for estimate in estimates]
    best = int(np.argmax(validation))
    assert 0 < best < BANDWIDTHS - 1
    expected = estimates[best].score(parzen.test) / len(parzen.test)
    assert parzen.log_likelihood(samples) == pytest.approx(expected, abs=1e-5)


def test_bandwidths_reach_from_the_smallest_to_the_size_of_the_data():
    widths = window(load("ring8"), smallest=0.01).bandwidths
    assert len(widths) == 10
    assert widths[0] == pytest.approx(0.01)
    # All of a ring of radius √2 is that far from its centre.
    assert widths[-1] == pytest.approx(np.sqrt(2), rel=0.02)
    ratios = np.array(widths[1:]) / widths[:-1]
    assert ratios == pytest.approx(ratios[0])


def test_validation_and_test_points_are_kept_apart():
    truth, rng = standard(2), np.random.default_rng(0)
    near, far = truth.sample(200, rng), truth.sample(200, rng) + 5
    samples = truth.sample(200, rng)
    widths = (0.1, 0.5, 5.0)
    # A bandwidth for near points, though a wider one would be likelier for far ones.
    chosen = ParzenWindow(near, far, widths).log_likelihood(samples)
    assert chosen == pytest.approx(ParzenWindow(near, far, (0.5,)).log_likelihood(samples))
    assert chosen < ParzenWindow(far, far, widths).log_likelihood(samples) - 1


def test_it_sees_missing_modes_and_low_quality():
    ring = load("ring8")
    parzen = window(ring, smallest=ring.std / 4)
    rng = np.random.default_rng(0)
    wide = Mixture("wide", ring.means, 3 * ring.std)
    real, blurred, missing, collapsed = (
        parzen.log_likelihood(samples)
        for samples in (
            *(mixture.sample(300, rng) for mixture in (ring, wide, ring.without(2))),
            ring.means[:1].repeat(300, axis=0),
        )
    )
    assert real > blurred + 0.3 > missing + 1 > collapsed + 1
    assert np.isfinite(collapsed)


def test_far_points_underflow_no_sum():
    parzen = ParzenWindow(np.zeros((2, 2)), np.zeros((2, 2)), (0.01,))
    samples = np.full((4, 2), 1e3)
    expected = -(2e6 / (2 * 1e-4)) - 2 * np.log(0.01 * np.sqrt(2 * np.pi))
    assert parzen.log_likelihood(samples) == pytest.approx(expected)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_sample_that_is_not_finite_is_the_worst(value):
    ring = load("ring8")
    samples = ring.sample(50, np.random.default_rng(0))
    samples[3, 1] = value
    assert window(ring).log_likelihood(samples) == -np.inf
    assert mean_log_density(samples, ring) == -np.inf
