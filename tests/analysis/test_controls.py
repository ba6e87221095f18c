import numpy as np
import pytest

from bench import records
from bench.analysis.controls import (
    BLIND,
    REFERENCE,
    RIGHT,
    UNDIRECTED,
    UNMEASURED,
    WRONG,
    controls,
    wrong,
)

REAL, DROPPED, NOISY = records.REAL, records.DROPPED, records.NOISY
COPIED, UNTRAINED = records.COPIED, records.UNTRAINED


def rows(make, metric, protocol="p", replicates=2, **levels):
    """Rows of the controls named by keyword: real, dropped, noisy, copied, untrained."""
    names = {
        "real": REAL, "dropped": DROPPED, "noisy": NOISY, "copied": COPIED, "untrained": UNTRAINED,
    }  # fmt: skip
    return [
        make.row(
            names.get(name, name), seed, 0, float(value), metric, protocol,
            objective=records.CONTROL, architecture="mlp" if name == "untrained" else "",
        )
        for name, value in levels.items()
        for seed in range(replicates)
    ]  # fmt: skip


def verdicts(table):
    return dict(zip(table["control"], table["verdict"], strict=True))


@pytest.mark.parametrize(
    ("metric", "levels", "expected"),
    [
        ("w1", {"real": 0.1, "dropped": 0.5, "noisy": 0.2, "untrained": 2}, {}),
        ("w1", {"real": 0.5, "dropped": 0.1, "untrained": 2}, {DROPPED: WRONG}),
        # Equal is not behind.
        ("recall", {"real": 0.9, "dropped": 0.9, "untrained": 0.1}, {DROPPED: WRONG}),
        ("modes_any", {"real": 8, "dropped": 6, "noisy": 8, "untrained": 0}, {NOISY: BLIND}),
        ("precision", {"real": 0.9, "dropped": 0.95, "untrained": 0.1}, {DROPPED: BLIND}),
        ("precision", {"real": 0.9, "noisy": 0.95, "untrained": 0.1}, {NOISY: WRONG}),
        (
            "near_copies",
            {"real": 0.01, "noisy": 0, "copied": 1, "untrained": 0},
            {NOISY: BLIND, UNTRAINED: BLIND},
        ),
        ("authenticity", {"real": 0.5, "copied": 0.6}, {COPIED: WRONG}),
        ("kl_reverse", {"real": 0.01, "dropped": 0.4, "untrained": np.inf}, {}),
        (
            "kl_reverse",
            {"real": 0.01, "dropped": 0.4, "untrained": np.nan},
            {UNTRAINED: UNMEASURED},
        ),
    ],
)
def test_real_data_must_be_ahead_of_what_the_metric_sees(make, metric, levels, expected):
    table = controls(make.results(rows(make, metric, **levels)))
    ranked = verdicts(table)
    assert ranked.pop(REAL) == REFERENCE
    assert ranked == {name: expected.get(name, RIGHT) for name in ranked}
    assert len(ranked) == len(levels) - 1
    assert set(wrong(table)["control"]) == {k for k, v in expected.items() if v == WRONG}


@pytest.mark.parametrize("metric", ["nearest_ratio", "a new metric"])
def test_a_metric_without_a_direction_is_not_judged(make, metric):
    table = controls(make.results(rows(make, metric, real=3, dropped=2, untrained=1)))
    assert set(table["verdict"]) == {UNDIRECTED}
    assert table["place"].isna().all()


def test_a_control_of_another_metric_is_not_measured_and_one_of_none_has_no_row(make):
    found = rows(make, "fid", real=4, dropped=9, copied=3, untrained=90)
    found += rows(make, "near_copies", real=0.01, untrained=0)
    table = controls(make.results(found)).set_index(["metric", "control"])
    assert table.loc[("near_copies", COPIED), "verdict"] == UNMEASURED
    assert table.loc[("near_copies", COPIED), "n"] == 0
    assert NOISY not in table.index.get_level_values("control")


def test_without_real_data_nothing_is_judged(make):
    table = controls(make.results(rows(make, "w1", dropped=0.5, untrained=2)))
    assert set(table["verdict"]) == {UNMEASURED}
    assert table["n"].tolist() == [2, 2]


def test_means_and_extremes_over_replicates(make):
    found = rows(make, "w1", real=0.1, untrained=2)
    found += [
        make.row(REAL, seed, 0, value, "w1", "p", objective=records.CONTROL, architecture="")
        for seed, value in ((2, 0.07), (3, 0.17))
    ]
    results = make.results(found)
    real = controls(results).iloc[0]
    assert real["mean"] == pytest.approx((0.1 + 0.1 + 0.07 + 0.17) / 4)
    assert real[["low", "high", "n"]].tolist() == [0.07, 0.17, 4]
    assert results.anchors("ring8", "mlp", "w1") == pytest.approx((real["mean"], 2.0))


@pytest.mark.parametrize(
    ("metric", "levels", "places"),
    [
        ("w1", {"real": 1, "dropped": 2, "untrained": 5}, {DROPPED: 0.25, UNTRAINED: 1}),
        ("modes", {"real": 8, "dropped": 6, "untrained": 0}, {DROPPED: 0.25, UNTRAINED: 1}),
        ("w1", {"real": 1, "dropped": 0, "untrained": 5}, {DROPPED: -0.25, UNTRAINED: 1}),
        # What it need not see does not set the scale, and what is infinite cannot.
        ("recall", {"real": 0.8, "dropped": 0.4, "noisy": 0}, {DROPPED: 1, NOISY: 2}),
        (
            "kl_reverse",
            {"real": 0, "dropped": 0.5, "untrained": np.inf},
            {DROPPED: 1, UNTRAINED: np.inf},
        ),
    ],
)
def test_places_run_from_real_data_to_the_farthest_that_is_seen(make, metric, levels, places):
    table = controls(make.results(rows(make, metric, **levels))).set_index("control")
    assert table.loc[REAL, "place"] == 0
    assert table["place"].drop(REAL).to_dict() == pytest.approx(places)


def test_metrics_protocols_and_controls_have_an_order(make):
    found = rows(make, "kid", "b", untrained=9, real=1, special=3, dropped=2)
    found += rows(make, "fid", "b", untrained=9, real=1, special=3, dropped=2)
    found += rows(make, "fid", "a", untrained=9, real=1, special=3, dropped=2)
    table = controls(make.results(found))
    assert list(dict.fromkeys(zip(table["protocol"], table["metric"], strict=True))) == [
        ("b", "fid"),
        ("b", "kid"),
        ("a", "fid"),
    ]
    assert table["control"].tolist()[:4] == [REAL, DROPPED, "special", UNTRAINED]
    assert set(table.loc[table["control"] == "special", "verdict"]) == {BLIND}


def test_every_architecture_has_an_untrained_generator_of_its_own(make):
    found = rows(make, "w1", real=1, untrained=5)
    found += [dict(row, architecture="wide", value=0.5) for row in found if row["architecture"]]
    table = controls(make.results(found))
    untrained = table[table["control"] == UNTRAINED].set_index("architecture")["verdict"]
    assert untrained.to_dict() == {"mlp": RIGHT, "wide": WRONG}


def test_a_study_without_controls_has_none(make):
    assert controls(make.results([make.row("a", 0, 1, 1.0)])).empty
