import numpy as np
import pytest
from scipy import stats

from bench.analysis.intervals import (
    correlation_interval,
    half_width,
    holm,
    mean_interval,
    paired_p,
)


def test_t_interval_is_scipys():
    values = np.random.default_rng(0).normal(size=5)
    low, high = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    interval = mean_interval(values)
    assert interval.n == 5
    assert (interval.low, interval.high) == pytest.approx((low, high))


def test_one_seed_has_no_interval_and_three_equal_ones_have_width_zero():
    assert np.isnan(mean_interval([2.0]).low)
    assert mean_interval([2.0]).mean == 2.0
    assert mean_interval([8.0, 8.0, 8.0]) == (8.0, 8.0, 8.0, 3)
    assert mean_interval([]).n == 0
    assert np.isnan(half_width([1.0, 1.0], [1, 0])).all()


def test_an_infinite_value_makes_the_mean_infinite_and_takes_the_interval():
    interval = mean_interval([1.0, np.inf, 2.0])
    assert interval.mean == np.inf
    assert np.isnan(interval.low)


@pytest.mark.parametrize("n", [3, 5, 10])
def test_t_interval_covers_what_it_says(n):
    draws = np.random.default_rng(n).normal(size=(4000, n))
    half = half_width(draws.std(axis=1, ddof=1), np.full(4000, n))
    assert np.mean(np.abs(draws.mean(axis=1)) <= half) == pytest.approx(0.95, abs=0.012)


@pytest.mark.parametrize("n", [3, 5, 10])
def test_correlation_interval_covers_skewed_correlations_near_one(n):
    rng = np.random.default_rng(n)
    truth = 2 * 20 / 21.5 - 1
    draws = 2 * rng.beta(20, 1.5, size=(1500, n)) - 1
    found = [correlation_interval(row) for row in draws]
    covered = np.mean([low <= truth <= high for _, low, high, _ in found])
    # A plain t interval reaches 0.91, 0.92 and 0.92 here.
    assert covered > 0.925
    assert all(-1 <= low <= mean <= high <= 1 for mean, low, high, _ in found)


def test_correlation_interval_takes_perfect_correlations():
    interval = correlation_interval([1.0, 1.0, 1.0])
    assert interval.mean == 1
    assert 0.99 < interval.low <= interval.high == 1
    assert correlation_interval([-1.0, 1.0])[1:3] == (-1, 1)
    assert np.isnan(correlation_interval([0.5]).low)


def test_paired_p_is_scipys():
    a, b = np.random.default_rng(1).normal(size=(2, 6))
    assert paired_p(a - b) == pytest.approx(stats.ttest_rel(a, b).pvalue)
    assert np.isnan(paired_p([1.0]))
    assert paired_p([0.0, 0.0, 0.0]) == 1
    assert paired_p([2.0, 2.0, 2.0]) == 0


def test_holm_by_hand_keeps_order_and_leaves_nan_out():
    # Sorted 0.01, 0.02, 0.03, 0.04 times 4, 3, 2, 1, never falling.
    assert holm([0.04, np.nan, 0.01, 0.03, 0.02]) == pytest.approx(
        [0.06, np.nan, 0.04, 0.06, 0.06], nan_ok=True
    )
    assert holm([0.7, 0.9]) == pytest.approx([1.0, 1.0])
    assert holm([]).size == 0
