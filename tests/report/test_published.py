import json
import re

import numpy as np
import pandas as pd
import pytest

from bench.analysis.published import compare
from bench.analysis.results import Results
from bench.report.page import write_report
from bench.report.published_figures import beside
from bench.report.published_sections import sentences, view
from bench.report.style import style

DEFINITIONS = {
    "pacgan-2": {"objective": "pacgan", "hyperparameters": {"packing": 2}},
    "packed-3": {
        "objective": "non-saturating",
        "techniques": {"packing": {"title": "Packing", "reference": "", "settings": {"size": 3}}},
    },
}


@pytest.fixture
def folder(build):
    return build(
        variants=("non-saturating", *DEFINITIONS), datasets=("pacgan-ring",),
        cells=(("pacgan-ring", "pacgan-mlp"),), definitions=DEFINITIONS,
    )  # fmt: skip


@pytest.fixture
def table(folder):
    return compare.compare(Results.read(folder))


def test_the_page_has_the_section_where_a_cell_matches(folder):
    page = write_report(folder)
    text = page.read_text()
    assert '<h2 id="published">' in text
    assert '<a href="#published">Published numbers</a>' in text
    assert "Lin, Khetan, Fanti and Oh 2018" in text
    written = pd.read_csv(page.parent / "tables" / "published.csv")
    assert len(written) == 12
    assert "Of 9 published numbers that this study measures" in text
    assert "Of the same tables: 3 not run." in text
    assert "6.3 ± 0.5" in text
    assert re.search(r"(agrees|differs|too uncertain) at 0.75\s%", text)


def test_the_page_has_no_such_section_elsewhere(build):
    page = write_report(build(cells=(("ring8", "mlp"),), datasets=("ring8",), variants=("wgan",)))
    assert "published" not in re.sub(r"<style>.*?</style>", "", page.read_text(), flags=re.S)
    assert not (page.parent / "tables" / "published.csv").exists()


def test_no_result_yet_is_shown_without_a_figure(folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    results = Results.read(folder)
    none = results.table[results.table["metric"] == "w1"]
    none.to_parquet(folder / "metrics.parquet")
    assert manifest["runs"]
    text = write_report(folder).read_text()
    assert "9 without a result" in text
    assert not list((folder / "report" / "figures").glob("published*"))


def test_the_sentences_count_verdicts_and_name_every_difference(table):
    verdicts = ["agrees"] * 4 + ["differs"] * 2 + ["too uncertain"] * 3 + ["not run"] * 3
    order = table.sort_values("variant", ascending=False).index
    table = table.loc[order].assign(verdict=verdicts)
    said = sentences(table)
    assert said[0] == (
        "Of 9 published numbers that this study measures, 4 agree, 2 differ and 3 are too "
        "uncertain to tell, at 0.75\u00a0% of the papers’ steps where known."
    )
    # A study that takes their steps has nothing to excuse.
    assert sentences(table.assign(budget=1.0))[0].endswith("uncertain to tell.")
    differing = table[table["verdict"] == "differs"]
    assert said[1].startswith("Different on pacgan-ring at 0.75\u00a0% of the steps: ")
    assert all(variant in said[1] for variant in differing["variant"])
    assert said[2] == "Of the same tables: 3 not run."
    all_differ = sentences(table.assign(verdict="differs"))
    assert all_differ[1].endswith(" and 9 more.")
    assert sentences(table.iloc[:0]) == []


def test_the_table_shows_their_number_as_printed_and_the_share_of_their_steps(table):
    shown = view(table, {})
    first = dict(zip(shown.columns, [entry.text for entry in shown.rows[0]], strict=True))
    assert first["their method"] == "GAN"
    assert first["theirs"] == "6.3 ± 0.5"
    assert first["n"] == "3"
    assert first["verdict"].endswith("at 0.75\u00a0% of the steps")
    last = dict(zip(shown.columns, [entry.text for entry in shown.rows[-1]], strict=True))
    assert (last["their method"], last["our variant"], last["ours"]) == ("PacGAN4", "–", "–")
    assert last["verdict"] == "not run"


def test_the_figure_has_a_pair_of_dots_and_both_intervals_for_every_number(table):
    found = table[table["mean"].notna()]
    with style():
        figure = beside(found, {})
    assert len(figure.axes) == 3
    for axis, (metric, rows) in zip(figure.axes, found.groupby("metric", sort=False), strict=True):
        dots = [line for line in axis.lines if line.get_marker() in ("o", "D")]
        assert len(dots) == 2 * len(rows), metric
        ends = sorted(
            tuple(np.round(line.get_xdata(), 6))
            for line in axis.lines
            if len(line.get_xdata()) == 2
        )
        expected = [
            (round(row[mean] - row[half], 6), round(row[mean] + row[half], 6))
            for _, row in rows.iterrows()
            for mean, half in (("mean", "half_width"), ("published", "published_half_width"))
            if row[half] > 0
        ]
        assert ends == sorted(expected)


def test_a_diverged_number_is_a_cross(table):
    with style():
        figure = beside(table[:1].assign(mean=np.inf, half_width=np.nan), {})
    assert [line.get_marker() for line in figure.axes[0].lines].count("x") == 1
