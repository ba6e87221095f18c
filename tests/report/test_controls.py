import numpy as np
import pandas as pd
import pytest

from bench import records
from bench.analysis.controls import BLIND, REFERENCE, RIGHT, UNMEASURED, WRONG
from bench.report import control_figures
from bench.report.control_sections import control_name, sentences, view
from bench.report.style import style, svg


def table(*rows, dataset="ring8", metric="w1", protocol="p"):
    """Rows of (control, mean, verdict)."""
    return pd.DataFrame(
        [
            {
                "dataset": dataset, "metric": metric, "protocol": protocol, "control": control,
                "architecture": "mlp" if control == records.UNTRAINED else "", "mean": mean,
                "low": mean, "high": mean, "n": 0 if verdict == UNMEASURED else 2, "place": mean,
                "place_low": mean, "place_high": mean, "verdict": verdict,
            }
            for control, mean, verdict in rows
        ]
    )  # fmt: skip


GOOD = table(
    (records.REAL, 0.0, REFERENCE),
    (records.DROPPED, 0.5, RIGHT),
    (records.NOISY, 0.25, BLIND),
    (records.UNTRAINED, 1.0, RIGHT),
)


def test_the_sentence_counts_what_must_be_seen():
    assert sentences(GOOD) == ["2 of 2 orderings are as they should be."]
    assert sentences(GOOD.iloc[:0]) == []


def test_exceptions_and_what_could_not_be_checked_are_named():
    bad = table((records.REAL, 0.5, REFERENCE), (records.UNTRAINED, 0.1, WRONG), metric="fid")
    unseen = table((records.REAL, 0.5, REFERENCE), (records.NOISY, 0.1, BLIND), metric="recall")
    said = sentences(pd.concat([GOOD, bad, unseen]))
    assert said == [
        "2 of 3 orderings are as they should be.",
        "Not so: FID does not put real data before the untrained generator (ring8 · mlp, p).",
        "Not checked: recall (ring8, p).",
    ]


def test_each_cell_of_the_table_says_its_verdict_in_words():
    more = table(
        (records.REAL, 8.0, REFERENCE),
        (records.DROPPED, 9.0, WRONG),
        (records.NOISY, np.nan, UNMEASURED),
        (records.UNTRAINED, np.inf, RIGHT),
        metric="modes",
    )
    shown = view(pd.concat([GOOD, more]))
    assert shown.columns[2:] == ["held-out real", "modes removed", "with noise", "untrained"]
    texts = [[entry.text for entry in row[2:]] for row in shown.rows]
    assert texts[0] == ["0 [0,\u00a00]", "0.500 ok", "0.250 (need not)", "1.00 ok"]
    assert texts[1] == ["8.00 [8.00,\u00a08.00]", "9.00 wrong", "not measured", "∞ ok"]
    assert "bad" in shown.rows[1][3].mark


def test_untrained_generators_are_told_apart_by_architecture_where_there_are_several():
    both = pd.concat([GOOD, GOOD[GOOD["architecture"] == "mlp"].assign(architecture="wide")])
    assert view(both).columns[-2:] == ["untrained, mlp", "untrained, wide"]


def test_a_control_that_is_not_known_has_its_own_name_and_is_drawn():
    assert control_name("blurred") == "blurred"
    blurred = GOOD.replace({"control": {records.NOISY: "blurred"}})
    with style():
        figure = control_figures.places(blurred, {})
    assert "blurred" in [text.get_text() for text in figure.legends[0].get_texts()]


def markers(figure):
    """(place, marker, filled) of every control drawn."""
    return [
        (float(line.get_xdata()[0]), line.get_marker(), line.get_markerfacecolor() != "none")
        for line in figure.axes[0].lines
        if line.get_marker() not in ("None", "x")
    ]


def test_the_figure_tells_controls_apart_without_colour():
    with style():
        figure = control_figures.places(GOOD, {})
    assert markers(figure) == [(0.5, "s", True), (0.25, "^", False), (1.0, "o", True)]


@pytest.mark.parametrize("verdict", [RIGHT, WRONG])
def test_a_wrong_control_is_crossed_out(verdict):
    bad = table((records.REAL, 0.0, REFERENCE), (records.DROPPED, -0.5, verdict))
    with style():
        figure = control_figures.places(bad, {})
    crosses = [line for line in figure.axes[0].lines if line.get_marker() == "x"]
    assert len(crosses) == (verdict == WRONG)
    assert figure.axes[0].get_xlim()[0] < -0.5


def test_infinite_places_stand_at_the_edge_and_the_figure_can_be_drawn():
    far = table((records.REAL, 0.0, REFERENCE), (records.UNTRAINED, np.inf, RIGHT))
    with style():
        figure = control_figures.places(far, {})
        assert svg(figure, "a")
    assert markers(figure)[0][0] == figure.axes[0].get_xlim()[1]
