"""Small calibrations by hand: every number can be checked on paper."""

import numpy as np
import pandas as pd
import pytest

from bench import records
from bench.analysis import critics, pulls
from bench.analysis.calibration import Calibration
from bench.analysis.results import Results

JS, W1 = "Jensen-Shannon divergence", "1-Wasserstein distance"
FACTOR = f"{W1}, up to a factor"


def estimate(variant, pair, value, truth, **other):
    return {
        "variant": variant,
        "divergence": JS,
        "lower_bound": True,
        "pair": pair,
        "dimension": 1,
        "bounded": True,
        "depth": 2,
        "seed": 0,
        "status": "ok",
        "value": value,
        "error": 0.0,
        "truth": truth,
        "truth_error": 0.0,
        "estimate": value,
        "gap": np.nan,
        "mean_slope": np.nan,
        "max_slope": np.nan,
        "output_rmse": np.nan,
        "seconds": 1.0,
        **other,
    }


def critic(variant, pair, gap, truth, mean=1.0, largest=1.0, depth=2, divergence=W1):
    value = gap / largest if divergence == FACTOR else gap
    slopes = {"gap": gap, "mean_slope": mean, "max_slope": largest, "bounded": False}
    common = {"divergence": divergence, "lower_bound": False, "depth": depth}
    return estimate(variant, pair, value, truth, **slopes, **common)


def about(objective="minimax", divergence=JS, reference="somebody", techniques=None, **settings):
    return {
        "objective": objective,
        "divergence": divergence,
        "reference": reference,
        "hyperparameters": settings,
        "techniques": techniques or {},
    }


def results(rows, variants=None, pulled=()):
    variants = variants or {row["variant"]: about() for row in rows}
    tables = {}
    if rows:
        tables["estimates"] = pd.DataFrame(rows)
    if pulled:
        columns = ["variant", "against", "at", "size"]
        tables["pulls"] = pd.DataFrame(pulled, columns=columns)
    manifest = {"variants": variants, "datasets": {}, "settings": {"calibration": {}}}
    return Results(records.frame([]), manifest, tables)


def judged(rows, **other):
    return Calibration.of(results(rows, **other)).summary.set_index("variant")


def read(rows):
    return Calibration.of(results(rows)).readings


def test_worst_median_and_share_are_of_bounded_pairs_for_a_function_of_the_ratio():
    rows = [
        estimate("a", "one", 0.99, 1.0),
        estimate("a", "two", 1.9, 2.0),
        estimate("a", "three", 4.04, 4.0),
        estimate("a", "tails", 0.1, 1.0, bounded=False),
    ]
    row = judged(rows).loc["a"]
    assert row[["pairs", "reached", "worst_pair"]].tolist() == [3, 2, "two"]
    assert row[["worst", "median", "share"]].tolist() == pytest.approx([0.05, 0.01, 2 / 3])
    assert row["worst_relative"] == pytest.approx(-0.05)
    assert row["target"] == 0.02
    above = "above the truth on 1, though a lower bound"
    assert row["verdict"] == f"reached on 2 of 3 pairs; {above}"


@pytest.mark.parametrize("divergence", [W1, FACTOR])
def test_all_finite_pairs_count_for_w1_and_the_target_is_wider(divergence):
    rows = [
        critic("a", "near", 0.96, 1.0, divergence=divergence),
        critic("a", "far", 2.7, 3.0, divergence=divergence),
        critic("a", "endless", 9.0, np.inf, divergence=divergence),
    ]
    row = judged(rows).loc["a"]
    assert row[["target", "pairs", "reached", "worst_pair"]].tolist() == [0.05, 2, 1, "far"]
    assert row["worst"] == pytest.approx(0.1)


def test_an_infinite_truth_has_no_relative_error_but_is_shown():
    row = read([estimate("a", "one", 3.0, np.inf, bounded=False)]).iloc[0]
    assert row["value"] == 3.0
    assert np.isnan(row["relative"])
    assert not row["judged"]
    assert not row["above"]
    assert row["note"] == "truth infinite"


def test_an_unbounded_pair_is_shown_with_its_error_and_not_judged():
    row = read([estimate("a", "one", 0.5, 1.0, bounded=False)]).iloc[0]
    assert row["relative"] == -0.5
    assert (row["judged"], row["reached"], row["note"]) == (False, False, "ratio unbounded")


def test_a_diverged_pair_counts_as_missed_and_as_infinitely_far():
    lost = estimate("a", "two", np.nan, 1.0, status="diverged")
    table = judged([estimate("a", "one", 1.0, 1.0), lost, estimate("a", "three", 0.99, 1.0)])
    row = table.loc["a"]
    assert row[["pairs", "reached", "diverged", "worst_pair"]].tolist() == [3, 2, 1, "two"]
    assert row["worst"] == np.inf
    assert row["median"] == pytest.approx(0.01)
    assert row["verdict"] == "reached on 2 of 3 pairs; diverged on 1"


@pytest.mark.parametrize(
    ("value", "lower_bound", "above"),
    [
        # Slack: three errors of 0.01, 0.005 of the truth's own, and 1e-4 of a truth of 2.
        (2.0353, True, 1),
        (2.0351, True, 0),
        (2.5, False, 0),
        (1.0, True, 0),
    ],
)
def test_a_lower_bound_above_the_truth_is_flagged_beyond_its_errors(value, lower_bound, above):
    errors = {"error": 0.01, "truth_error": 0.005, "lower_bound": lower_bound}
    row = estimate("a", "one", value, 2.0, **errors)
    assert judged([row]).loc["a", "above"] == above
    assert ("above the truth" in read([row])["note"].iloc[0]) == bool(above)


def test_variants_without_estimates_say_why():
    variants = {
        "known": about(),
        "heuristic": about(divergence=None),
        "packed": about(divergence="Jensen-Shannon divergence between p^k and q^k"),
        "gone": about(divergence=None, reference=None),
    }
    table = judged([estimate("known", "one", 1.0, 1.0)], variants=variants)
    assert list(table.index) == list(variants)
    assert table["verdict"].to_dict() == {
        "known": "reached on all pairs",
        "heuristic": "estimates no divergence that is known",
        "packed": "the true value of its divergence is not computed",
        "gone": "no results",
    }
    assert table["pairs"].tolist() == [1, 0, 0, 0]


def test_a_variant_is_judged_at_its_first_depth_alone():
    rows = [estimate("a", "one", 1.0, 1.0, depth=3), estimate("a", "one", 0.5, 1.0, depth=1)]
    row = judged(rows).loc["a"]
    assert (row["depth"], row["worst"]) == (3, 0.0)
    assert read(rows)["depth"].tolist() == [3, 1]


def test_seeds_are_averaged_and_one_that_diverged_loses_the_pair():
    rows = [
        estimate("a", "one", 0.9, 1.0, seed=0, error=0.03),
        estimate("a", "one", 1.0, 1.0, seed=1, error=0.04),
        estimate("b", "one", 1.0, 1.0, seed=0),
        estimate("b", "one", np.nan, 1.0, seed=1, status="diverged"),
    ]
    table = read(rows).set_index("variant")
    assert table["seeds"].tolist() == [2, 2]
    assert table.loc["a", ["value", "error", "relative"]].tolist() == pytest.approx(
        [0.95, 0.025, -0.05]
    )
    assert table.loc["b", "status"] == "diverged"
    assert np.isnan(table.loc["b", "value"])


def test_gaps_are_set_against_both_slopes_and_w1():
    row = critic("a", "one", 6.0, 2.0, mean=3.0, largest=4.0, divergence=FACTOR)
    table = critics.wasserstein(read([row, estimate("js", "one", 1.0, 1.0)]))
    assert table["variant"].tolist() == ["a"]
    found = table.iloc[0]
    names = ["w1", "gap", "gap_per_mean", "gap_per_max", "value"]
    assert found[names].tolist() == [2.0, 6.0, 2.0, 1.5, 1.5]
    ratios = ["gap_ratio", "gap_per_mean_ratio", "gap_per_max_ratio"]
    assert found[ratios].tolist() == [3.0, 1.0, 0.75]


def clipped(rows, **clips):
    variants = {name: about("wgan", FACTOR, clip=clip) for name, clip in clips.items()}
    variants["gp"] = about("wgan-gp", W1)
    return Calibration.of(results(rows, variants)).clipping


def test_the_factor_of_clipping_has_a_median_a_range_and_growth_over_pairs():
    rows = []
    # With L hidden layers the gap is W₁ times (10 c)^(L + 1), on pair "two" twice that, ...
    for variant, clip in (("small", 0.1), ("large", 0.4)):
        for depth in (1, 3):
            for pair, times, truth in (("one", 1, 1.0), ("two", 2, 0.5), ("three", 5, 2.0)):
                gap = truth * times * (10 * clip) ** (depth + 1)
                rows.append(critic(variant, pair, gap, truth, depth=depth, divergence=FACTOR))
    rows.append(critic("gp", "one", 1.0, 1.0))
    table = clipped(rows, small=0.1, large=0.4).set_index(["clip", "depth"])
    assert list(table.index) == [(0.1, 1), (0.1, 3), (0.4, 1), (0.4, 3)]
    assert table["factor"].tolist() == pytest.approx([2, 2, 32, 512])
    assert table.loc[(0.4, 1), ["low", "high", "spread"]].tolist() == pytest.approx([16, 80, 5])
    assert table["per_layer"].tolist() == pytest.approx([np.nan, 1, np.nan, 4], nan_ok=True)
    assert table["per_clip"].tolist() == pytest.approx([np.nan, np.nan, 16, 256], nan_ok=True)
    assert table["clip_step"].tolist()[2:] == pytest.approx([4, 4])
    assert table["exponent"].tolist()[2:] == pytest.approx([2, 4])


def test_clipping_by_a_technique_counts_and_lost_pairs_do_not():
    rows = [critic("a", "one", 0.3, 1.0), critic("a", "two", 9.0, 1.0) | {"status": "diverged"}]
    technique = {"weight-clipping": {"title": "", "reference": "", "settings": {"clip": 0.05}}}
    found = results(rows, {"a": about("wgan-gp", W1, techniques=technique)})
    table = Calibration.of(found).clipping
    assert table[["clip", "pairs", "factor"]].iloc[0].tolist() == [0.05, 1, 0.3]


def test_a_study_without_a_calibration_has_tables_without_rows():
    found = Results(records.frame([]), {"variants": {"a": about()}, "datasets": {}})
    calibration = Calibration.of(found)
    assert all(table.empty for table in vars(calibration).values())
    assert len(calibration.first) == 0


def test_missing_files_leave_their_tables_out(tmp_path):
    records.write(records.frame([]), tmp_path / "metrics.parquet")
    (tmp_path / "manifest.json").write_text('{"variants": {}, "datasets": {}}')
    assert Results.read(tmp_path).calibration == {}
    (tmp_path / "calibration").mkdir()
    table = pd.DataFrame([estimate("a", "one", 1.0, 1.0)])
    table.to_parquet(tmp_path / "calibration" / "estimates.parquet")
    found = Results.read(tmp_path).calibration
    assert list(found) == ["estimates"]
    assert len(found["estimates"]) == 1


THETAS = np.linspace(0.5, 10, 39)
LOGITS = np.linspace(-15, 15, 61)


@pytest.mark.parametrize(
    ("size", "character"),
    [
        (lambda t: np.ones_like(t), "constant"),
        (lambda t: np.zeros_like(t), "zero"),
        (lambda t: 3 * t, "linear"),
        (lambda t: np.exp(-t), "vanishes"),
        (lambda t: np.exp(t), "explodes"),
        (lambda t: 1 + t / 20, "stays"),
        (lambda t: t**1.5, "grows"),
        (lambda t: 1 / t, "falls"),
    ],
)
def test_the_character_of_a_pull_against_the_distance(size, character):
    table = pd.DataFrame(
        {"variant": "a", "against": "distance", "at": THETAS, "size": size(THETAS)}
    )
    row = pulls.behaviour(table).iloc[0]
    assert row["character"] == character
    assert (row["start_at"], row["end_at"]) == (1.0, 10.0)
    assert (row["start"], row["end"]) == (size(np.array(1.0)), size(np.array(10.0)))


def test_against_the_logit_only_samples_that_are_found_out_count():
    # The gradient of the minimax generator loss is σ(l), that of the non-saturating one σ(−l).
    sigmoid = 1 / (1 + np.exp(-LOGITS))
    rows = [("minimax", sigmoid), ("saturating-not", 1 - sigmoid), ("ml", np.exp(LOGITS))]
    parts = [
        pd.DataFrame({"variant": n, "against": "logit", "at": LOGITS, "size": s}) for n, s in rows
    ]
    table = pulls.behaviour(pd.concat(parts)).set_index("variant")
    assert table["character"].tolist() == ["vanishes", "stays", "vanishes"]
    assert table["start"].tolist() == pytest.approx([0.5, 0.5, 1.0])
    assert table["end"].tolist() == pytest.approx([np.exp(-15), 1, np.exp(-15)], rel=1e-5)
    assert table["power"].isna().all()


def test_one_plain_variant_an_objective_is_told_apart():
    variants = {
        "hinge-r1": about("hinge", techniques={"r1": {}}),
        "hinge": about("hinge"),
        "hinge-again": about("hinge"),
        "wgan-gp": about("wgan-gp", W1),
        "wgan": about("wgan", FACTOR),
        "softmax": about("softmax-gan"),
        "minimax": about("minimax"),
    }
    pulled = [(name, "logit", 0.0, 1.0) for name in variants if name != "minimax"]
    assert pulls.told(results([], variants, pulled)) == ["hinge", "wgan-gp"]


@pytest.mark.parametrize(
    ("values", "caveat", "reason"),
    [
        ((0.9, 1.0), "", "too low: the discriminator is short of its optimum"),
        ((0.9, 1.1), "", ""),
        ((0.9, 1.0), "the penalty", "the penalty"),
        ((0.99, 1.0), "the penalty", ""),
    ],
)
def test_a_missed_target_has_its_reason(values, caveat, reason):
    rows = [estimate("a", name, value, 1.0) for name, value in zip("xy", values, strict=True)]
    known = results(rows)
    known.manifest["variants"]["a"]["caveat"] = caveat
    assert Calibration.of(known).summary["reason"].item() == reason
