import numpy as np
import pytest
from scipy import stats

from bench.analysis import correlation


@pytest.mark.parametrize("seed", range(5))
def test_rank_correlations_are_scipys_with_ties(seed):
    x, y = np.random.default_rng(seed).integers(0, 6, size=(2, 20)).astype(float)
    assert correlation.spearman(x, y) == pytest.approx(stats.spearmanr(x, y).statistic)
    assert correlation.kendall(x, y) == pytest.approx(stats.kendalltau(x, y).statistic)


def test_ranks_take_infinite_values():
    assert correlation.spearman([1, 2, np.inf], [1, 2, 3]) == pytest.approx(1)
    assert correlation.kendall([1, 2, np.inf], [1, 2, 3]) == pytest.approx(1)


STEPS = [0, 10, 30, 100, 300, 1000, 2000, 3000]


def run(make, quality, signal, variant="a", seed=0, reading="online"):
    pairs = zip(STEPS, quality, signal, strict=False)
    return [
        entry
        for step, value, loss in pairs
        for entry in (
            make.row(variant, seed, step, value),
            make.row(variant, seed, step, loss, "estimate", reading),
        )
    ]


def test_a_loss_that_falls_with_quality_gives_one(make):
    quality = np.geomspace(1, 0.1, 8)
    table = correlation.per_run(make.results(run(make, quality, quality**2)))
    assert table["spearman"].tolist() == pytest.approx([1, 1])
    assert table.set_index("window")["snapshots"].to_dict() == {"all": 8, "after burn-in": 5}
    assert (table["flag"] == "").all()


def test_burn_in_drops_the_first_steps_alone(make):
    quality = np.geomspace(1, 0.1, 8)
    # Follows quality at first, runs against it later.
    signal = [9, 8, 7, 1, 2, 3, 4, 5]
    table = correlation.per_run(make.results(run(make, quality, signal))).set_index("window")
    assert table.loc["after burn-in", "spearman"] == pytest.approx(-1)
    assert table.loc["all", "spearman"] == pytest.approx(stats.spearmanr(quality, signal).statistic)


def test_a_constant_series_and_too_few_snapshots_have_a_reason(make):
    quality = np.geomspace(1, 0.1, 8)
    table = correlation.per_run(make.results(run(make, quality, np.ones(8))))
    assert table["spearman"].isna().all()
    assert set(table["flag"]) == {"constant"}
    table = correlation.per_run(make.results(run(make, quality[:3], quality[:3])))
    assert set(table["flag"]) == {"too few snapshots"}


def test_four_snapshots_give_no_correlation_and_five_do(make):
    quality = np.geomspace(1, 0.1, 8)
    for count, value, reason in ((4, np.nan, "too few snapshots"), (5, 1.0, "")):
        runs = correlation.per_run(make.results(run(make, quality[:count], quality[:count])))
        cell = correlation.per_cell(runs).set_index("window").loc["all"]
        assert cell["spearman"] == pytest.approx(value, nan_ok=True)
        assert (cell["snapshots"], cell["reasons"]) == (count, reason)


def test_a_reason_that_not_all_runs_share_says_how_many(make):
    quality = np.geomspace(1, 0.1, 8)
    rows = run(make, quality, quality) + run(make, quality[:3], quality[:3], seed=1)
    cells = correlation.per_cell(correlation.per_run(make.results(rows))).set_index("window")
    assert cells.loc["all", "reasons"] == "too few snapshots in 1 of 2 runs"
    assert cells.loc["all", ["n", "runs", "snapshots"]].tolist() == [1, 2, 5.5]


def test_quality_without_range_is_flagged(make):
    quality = np.linspace(1, 1.9, 8)
    table = correlation.per_run(make.results(run(make, quality, quality)))
    assert table.set_index("window").loc["all", "flag"] == "range"
    wide = np.linspace(1, 2.1, 8)
    table = correlation.per_run(make.results(run(make, wide, wide)))
    assert table.set_index("window").loc["all", "flag"] == ""


def test_objectives_are_never_pooled_and_diverged_runs_are_counted(make):
    quality = np.geomspace(1, 0.1, 8)
    rows = run(make, quality, quality, "a", 0) + run(make, quality, -quality, "b", 0)
    rows += [*run(make, quality[:6], quality[:6], "a", 1), make.diverged("a", 1, 1500)]
    cells = correlation.per_cell(correlation.per_run(make.results(rows)))
    cells = cells[cells["window"] == "all"].set_index("variant")
    assert cells["spearman"].to_dict() == pytest.approx({"a": 1, "b": -1})
    assert cells.loc["a", ["n", "runs", "diverged"]].tolist() == [2, 2, 1]


def test_online_and_refreshed_stay_apart(make):
    quality = np.geomspace(1, 0.1, 8)
    rows = run(make, quality, -quality)
    rows += [
        make.row("a", 0, step, value, "estimate", "refreshed")
        for step, value in zip(STEPS, quality, strict=True)
    ]
    table = correlation.per_run(make.results(rows))
    assert table[table["window"] == "all"].set_index("reading")["spearman"].to_dict() == (
        pytest.approx({"online": -1, "refreshed": 1})
    )
