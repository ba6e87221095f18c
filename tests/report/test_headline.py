import pandas as pd

from bench.report.headline import loss_findings


def cell(low, high, reading="refreshed", **other):
    return {
        "signal": "estimate", "reading": reading, "window": "all", "snapshots": 8.0, "runs": 4,
        "weak": 0, "spearman_low": low, "spearman_high": high, **other,
    }  # fmt: skip


def test_cells_are_counted_by_their_whole_interval_for_each_reading():
    cells = [
        cell(0.5, 0.9),
        cell(0.49, 0.9),
        cell(-0.5, 0.29),
        cell(-0.5, 0.3),
        # Quality hardly varies: nothing can be said.
        cell(-1.0, -0.9, weak=2),
        cell(float("nan"), float("nan")),
        cell(0.8, 0.9, "online", snapshots=20.0),
        # None of these is asked for.
        cell(0.8, 0.9, window="after burn-in"),
        cell(0.8, 0.9, signal="gap_over_slope"),
    ]
    refreshed, online = loss_findings(pd.DataFrame(cells))
    assert "refreshed, 8 snapshots a run" in refreshed
    assert "in 1 of 5 cells, does not in 1, and 3 are undecided" in refreshed
    assert "online, 20 snapshots a run" in online
    assert "in 1 of 1 cell, does not in 0, and 0 are undecided" in online


def test_without_intervals_nothing_is_said():
    assert loss_findings(pd.DataFrame([cell(float("nan"), float("nan"))])) == []
