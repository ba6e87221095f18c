"""Metrics of stacked digits: hand-made stacks, brute force, and what chance alone gives."""

from collections import Counter
from math import log

import numpy as np
import pytest

from bench.metrics.stacked import stacked_metrics
from bench.records import METRICS

KEYS = ["stacked_modes", "stacked_kl"]


def measure(classes):
    metrics = stacked_metrics(np.asarray(classes))
    assert list(metrics) == KEYS
    assert all(type(value) is float for value in metrics.values())
    return tuple(metrics.values())


def uniform(n, seed):
    return np.random.default_rng(seed).integers(1000, size=n)


def test_the_names_are_those_of_the_catalogue():
    assert set(KEYS) <= set(METRICS)


@pytest.mark.parametrize("times", [1, 26])
def test_every_class_equally_often_is_perfect(times):
    modes, kl = measure(np.repeat(np.arange(1000), times))
    assert modes == 1000
    assert kl == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("only", [0, 7, 999])
def test_a_collapse_to_one_class_costs_log_1000(only):
    assert measure([only] * 50) == (1, pytest.approx(log(1000)))


@pytest.mark.parametrize("classes", [np.arange(500), np.arange(0, 1000, 2), np.arange(500, 1000)])
def test_half_the_classes_cost_log_2(classes):
    assert measure(np.repeat(classes, 3)) == (500, pytest.approx(log(2)))


def test_unequal_shares_cost_their_closed_form():
    """Half of the samples in one class, the other half spread over the rest."""
    modes, kl = measure([3] * 999 + [other for other in range(1000) if other != 3])
    assert modes == 1000
    assert kl == pytest.approx(0.5 * log(500) + 0.5 * log(500 / 999))


@pytest.mark.parametrize("n", [1, 10, 700, 5000])
def test_sums_over_the_samples_agree(n):
    classes = (uniform(n, n) ** 2) // 1000
    counts = Counter(classes.tolist())
    kl = sum(count / n * log(1000 * count / n) for count in counts.values())
    assert measure(classes) == (len(counts), pytest.approx(kl))


def test_the_order_of_samples_does_not_matter():
    classes = uniform(3000, 0)
    assert measure(classes) == measure(classes[::-1].copy()) == measure(np.sort(classes))


def test_samples_without_a_class_hit_nothing():
    assert measure([-1, 5, -1, 6]) == measure([5, 6]) == (2, pytest.approx(log(500)))


def test_without_any_class_the_divergence_is_the_largest():
    assert measure([-1] * 10) == (0, pytest.approx(log(1000)))


@pytest.mark.parametrize("kind", [np.int8, np.int16, np.int32, np.int64])
def test_any_kind_of_whole_number_will_do(kind):
    assert measure(np.arange(100, dtype=kind)) == (100, pytest.approx(log(10)))


@pytest.mark.parametrize("wrong", [[0, 1000], [-2, 3]])
def test_a_number_that_is_no_class_is_an_error(wrong):
    with pytest.raises(ValueError, match="classes of stacks are −1 to 999"):
        stacked_metrics(np.array(wrong))


def test_no_samples_are_an_error():
    with pytest.raises(ValueError, match="no samples"):
        stacked_metrics(np.array([], dtype=np.int64))


@pytest.mark.parametrize("n", [10_000, 26_000])
def test_the_truth_reaches_the_floor_of_the_divergence(n):
    drawn = np.array([measure(uniform(n, seed))[1] for seed in range(40)])
    error = drawn.std(ddof=1) / np.sqrt(len(drawn))
    # The next term of the expansion is (K/n)²/12 and less than K/n times the first.
    expected = 999 / (2 * n) + (1000 / n) ** 2 / 12
    assert drawn.mean() == pytest.approx(expected, abs=4 * error)
    assert expected == pytest.approx(999 / (2 * n), rel=0.02)


@pytest.mark.parametrize("n", [2500, 10_000])
def test_the_truth_misses_as_many_classes_as_chance_has_it(n):
    missed = np.array([1000 - measure(uniform(n, seed))[0] for seed in range(40)])
    expected = 1000 * (1 - 1 / 1000) ** n
    assert missed.mean() == pytest.approx(expected, abs=4 * np.sqrt(expected / len(missed)))
