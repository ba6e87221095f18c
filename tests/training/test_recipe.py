"""When a run is measured."""

import numpy as np
import pytest

from bench.training.recipe import refreshed_steps, snapshot_steps

TOTALS = (1, 2, 7, 19, 20, 21, 40, 100, 1000, 3000, 50_000)
COUNTS = (2, 3, 5, 12, 20, 40)


@pytest.mark.parametrize("total", TOTALS)
@pytest.mark.parametrize("count", COUNTS)
def test_snapshots_go_from_the_start_to_the_end_without_repeats(total, count):
    steps = snapshot_steps(total, count)
    assert steps[0] == 0
    assert steps[-1] == total
    assert steps == sorted(set(steps))
    assert len(steps) <= count
    assert all(isinstance(step, int) for step in steps)


@pytest.mark.parametrize("count", [12, 20, 40])
@pytest.mark.parametrize("total", [1000, 3000, 50_000])
def test_snapshots_are_log_spaced_from_ten(total, count):
    steps = snapshot_steps(total, count)
    assert len(steps) == count
    assert steps[1] == 10
    spacing = np.diff(np.log(steps[1:]))
    # Whole numbers near ten are coarse; later ones are not.
    assert spacing[-5:] == pytest.approx(np.log(total / 10) / (count - 2), rel=0.1)


def test_a_short_run_is_measured_at_every_step():
    assert snapshot_steps(3, 20) == [0, 1, 2, 3]


@pytest.mark.parametrize("total", TOTALS)
@pytest.mark.parametrize("count", [0, 1, 2, 5, 20, 100])
def test_refreshed_snapshots_are_some_of_them_and_the_last(total, count):
    snapshots = snapshot_steps(total, 20)
    steps = refreshed_steps(snapshots, count)
    assert len(steps) == min(count, len(snapshots))
    assert set(steps) <= set(snapshots)
    assert steps == sorted(set(steps))
    assert not steps or steps[-1] == total


def test_refreshed_snapshots_are_spread_evenly():
    assert refreshed_steps(list(range(0, 101, 10)), 3) == [0, 50, 100]
