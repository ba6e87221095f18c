import html
import json
import re

import pandas as pd
import pytest

from bench import records
from bench.report.page import write_report


@pytest.fixture(scope="module")
def index(demo):
    return write_report(demo)


@pytest.fixture(scope="module")
def text(index):
    return index.read_text()


def words(text):
    """What a reader reads, without figures."""
    text = re.sub(r"<(style|script|svg)\b.*?</\1>", " ", text, flags=re.S)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", text)))


def test_the_page_is_small_and_where_it_should_be(demo, index):
    assert index == demo / "report" / "index.html"
    assert index.stat().st_size < 3 * 2**20


def test_tables_are_the_numbers_behind_the_page(index, text):
    board = pd.read_csv(index.parent / "tables" / "leaderboard.csv")
    assert len(board) == 24
    first = board[(board["dataset"] == "ring8") & (board["rank"] == 1)].iloc[0]
    assert f"{first['last']:.3g}"[:5] in words(text)
    lost = board[(board["dataset"] == "ring8") & (board["diverged"] == 1)].iloc[0]
    assert lost["variant"] == "maximum-likelihood"
    assert lost["last"] == float("inf")
    assert "diverged 1/3" in words(text)
    assert "diverged 3/3" in words(text)


def test_what_is_missing_is_said(text):
    shown = words(text)
    assert "67 of 81" in shown
    assert "failed or missing: there are no results" in shown
    assert "Without results: never-ran." in shown
    assert "Failed or missing: hinge (1 run)." in shown
    assert "unknown: no run of it has finished" in shown
    assert "dcgan makes images of 8×8 or more; this shape is (2,)" in shown
    assert "diverged at generator step" in shown


def test_an_objective_without_a_divergence_says_what_its_estimate_is(text):
    row = words(text).split("Minimax GAN")[1].split("discriminator ")[0]
    assert "none known: the value of the discriminator’s game" in row


def test_the_page_says_what_the_data_are(text):
    shown = words(text)
    assert "ring8: 8 Gaussian modes in 2 dimensions, centres at distance 1.414" in shown
    assert "digits: images of shape 1×8×8 in 10 classes; samples: 1 197 train" in shown
    assert "digits: checksum 0123456789ab" in shown


def test_controls_show_replicates_and_the_range_of_real_data(index, text):
    controls = pd.read_csv(index.parent / "tables" / "controls.csv")
    rows = controls[(controls["dataset"] == "ring8") & (controls["metric"] == "w1")]
    row = rows.set_index("control").loc[records.REAL]
    assert row["low"] < row["mean"] < row["high"]
    assert f"0.0618 [{row['low']:.4f}, {row['high']:.4f}]" in words(text)
    assert "n = 1 to 4 replicates" in words(text)


def test_controls_in_order_are_counted_and_nothing_is_flagged(index, text):
    controls = pd.read_csv(index.parent / "tables" / "controls.csv")
    judged = controls["verdict"].isin(["ok", "wrong"]).sum()
    assert f"{judged} of {judged} orderings are as they should be." in words(text)
    assert "of the orderings of known samples" not in words(text)


def test_too_few_snapshots_are_said_and_no_number_is_given(build):
    folder = build(
        cells=(("ring8", "mlp"),), datasets=("ring8",), variants=("wgan", "hinge"), snapshots=9
    )
    page = write_report(folder)
    table = pd.read_csv(page.parent / "tables" / "correlations.csv")
    few = table[table["snapshots"] < 5]
    assert len(few)
    assert few["spearman"].isna().all()
    assert (few["reasons"] == "too few snapshots").all()
    assert "too few snapshots" in words(page.read_text())
    assert "after burn-in snapshots (refreshed: too few)" in page.read_text()


def test_no_winner_is_named_where_nothing_is_proven(text):
    shown = words(text)
    assert "can be told apart from it" in shown
    assert "It is ahead of every other variant" not in shown


def test_provenance_is_there_and_escaped(text):
    assert "0123456789abcdef" in text
    assert "<b>a & b</b>" not in text
    assert "&lt;b&gt;a &amp; b&lt;/b&gt;" in text
    assert "Gulrajani et al. 2017" in text
    assert "penalty_weight 10.0" in words(text)


def test_captions_say_n_and_have_at_most_three_sentences(text):
    captions = re.findall(r"<figcaption>(.*?)<a ", text, flags=re.S)
    assert len(captions) > 15
    for caption in captions:
        sentences = re.findall(r"[.!?](?:\s|$)", words(caption).strip())
        assert len(sentences) <= 4, caption


def test_writing_twice_gives_the_same_page(build):
    folder = build(cells=(("ring8", "mlp"),), datasets=("ring8",), variants=("wgan", "hinge"))
    assert write_report(folder).read_text() == write_report(folder).read_text()


def test_one_seed_has_no_interval_and_no_test(build):
    folder = build(seeds=(0,), variants=("wgan", "hinge", "wgan-gp"))
    shown = words(write_report(folder).read_text())
    assert "With one seed no difference can be tested." in shown
    assert "not distinguishable" not in shown.split("Leaderboard")[-1].split("Mode coverage")[0]


def test_a_dataset_without_runs_is_named(build):
    folder = build(cells=(("ring8", "mlp"),), variants=("wgan", "hinge"))
    shown = words(write_report(folder).read_text())
    assert "Dataset grid25 has no runs: every combination with it is left out." in shown
    assert "Dataset digits has no runs" in shown


def test_all_runs_may_diverge(build):
    everything = frozenset(("ring8", name, None) for name in ("wgan", "hinge"))
    folder = build(
        cells=(("ring8", "mlp"),), datasets=("ring8",), variants=("wgan", "hinge"),
        diverged=everything,
    )  # fmt: skip
    assert "Every run diverged." in words(write_report(folder).read_text())


def test_all_runs_may_fail_and_samples_may_be_missing(build):
    everything = frozenset({("ring8", "wgan", None)})
    folder = build(
        cells=(("ring8", "mlp"),), datasets=("ring8",), variants=("wgan",), failed=everything,
        samples=False,
    )  # fmt: skip
    shown = words(write_report(folder).read_text())
    assert "0 of 3" in shown
    assert "There is nothing to show" in shown


def edited(folder, change):
    """Rewrite a study's rows."""
    table = change(records.read(folder / "metrics.parquet"))
    records.write(table.astype(records.COLUMNS), folder / "metrics.parquet")
    return folder


def test_a_metric_that_is_not_catalogued_is_shown_under_its_own_name(build):
    folder = build(cells=(("ring8", "mlp"),), datasets=("ring8",), variants=("wgan", "hinge"))

    def rename(table):
        table["metric"] = table["metric"].replace("tv", "sharpness")
        return table

    assert "sharpness" in words(write_report(edited(folder, rename)).read_text())


def test_an_ordering_that_is_wrong_is_named_on_top_and_in_its_section(build):
    folder = build(cells=(("ring8", "mlp"),), datasets=("ring8",), variants=("wgan", "hinge"))

    def spoil(table):
        chosen = (table["variant"] == records.DROPPED) & (table["metric"] == "w1")
        table.loc[chosen, "value"] = 0.001
        return table

    shown = words(write_report(edited(folder, spoil)).read_text())
    assert "1 of the orderings of known samples is wrong" in shown
    assert (
        "Not so: W₁ does not put real data before real data with modes removed (ring8, str" in shown
    )
    assert "0.00100 wrong" in shown


def test_an_older_study_without_noise_and_copies_is_shown(build):
    folder = build(cells=(("ring8", "mlp"),), datasets=("ring8",), variants=("wgan", "hinge"))

    def forget(table):
        return table[~table["variant"].isin([records.NOISY, records.COPIED])]

    shown = words(write_report(edited(folder, forget)).read_text())
    assert "with noise" not in shown.split("orderings are as they should be")[1]
    assert "orderings are as they should be" in shown


def test_metrics_of_many_protocols_stand_in_tables_that_can_be_read(build):
    folder = build(cells=(("digits", "dcgan"),), datasets=("digits",), variants=("wgan", "hinge"))
    page = write_report(folder).read_text()
    section = page[page.index('<h2 id="coverage">') : page.index('<h2 id="curves">')]
    tables = re.findall(r"<thead>(.*?)</thead>.*?<figcaption>(.*?)</figcaption>", section, re.S)
    heads = [re.findall(r"<th[^>]*>(.*?)</th>", head)[2:] for head, _ in tables]
    # Every metric under every protocol but the one that ranks.
    assert sorted(name for head in heads for name in head) == sorted(
        [
            *("KID", "IS", "precision", "recall", "F-score", "density", "coverage", "FID∞"),
            *("near copies", "authenticity", "NN ratio", "FID", "KID"),
        ]
    )
    assert all(len(head) <= 8 and len(set(head)) == len(head) for head in heads)
    assert "inception-v3-compat-300-test" in tables[-1][1]


def test_a_density_has_no_modes_and_points_of_many_dimensions_are_projected(build):
    names = ("swiss-roll", "random-k")
    folder = build(
        cells=tuple((name, "mlp") for name in names), datasets=names, variants=("wgan", "hinge"),
        kept=50,
    )  # fmt: skip
    shown = words(write_report(folder).read_text())
    assert "swiss-roll: a density in 2 dimensions without modes, written as 1 000 Gau" in shown
    assert "The shade is the true density" in shown
    assert "seen along the two principal axes of the centres" in shown
    assert "There are 6 true modes" in shown
    assert "There are 1000 true modes" not in shown
    assert "1000×2 numbers" in shown


def test_runs_that_diverge_before_their_first_snapshot_are_counted(build):
    folder = build(cells=(("ring8", "mlp"),), datasets=("ring8",), variants=("wgan", "hinge"))

    def lose(table):
        table = table[(table["variant"] != "wgan") | (table["step"] == 0)]
        first = table[table["variant"] == "wgan"].drop_duplicates("seed")
        lost = first.assign(metric="diverged", protocol="training", status="diverged", value=0.0)
        return pd.concat([table[table["variant"] != "wgan"], lost])

    assert "diverged 3/3" in words(write_report(edited(folder, lose)).read_text())


def test_infinite_and_missing_values_do_not_stop_the_report(build):
    folder = build(cells=(("ring8", "mlp"),), datasets=("ring8",), variants=("wgan", "hinge"))

    def spoil(table):
        last = table["step"] == table["step"].max()
        table.loc[last & table["metric"].isin(["kl_reverse", "estimate", "w1"]), "value"] = float(
            "inf"
        )
        table.loc[last & (table["metric"] == "loss_generator"), "value"] = float("nan")
        return table

    assert "∞" in words(write_report(edited(folder, spoil)).read_text())


def test_a_variant_with_hyper_parameters_of_its_own_shows_its_objective(build):
    folder = build(
        cells=(("ring8", "mlp"),), datasets=("ring8",), variants=("wgan-gp", "wgan-gp-again")
    )
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["variants"]["wgan-gp-again"]["objective"] == "wgan-gp"
    assert "wgan-gp-again wgan-gp" in words(write_report(folder).read_text())
