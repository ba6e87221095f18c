import numpy as np
import pytest
from scipy import stats

from bench import records
from bench.analysis.intervals import difference_interval
from bench.analysis.published.compare import (
    AGREES,
    DIFFERS,
    NO_RESULT,
    NOT_RUN,
    UNCERTAIN,
    compare,
)
from bench.analysis.published.entries import NONE, STANDARD_DEVIATION, Entry, Spelling, load
from bench.analysis.results import Results

RING = ("pacgan-ring", "pacgan-mlp")


def variant(objective, techniques=(), **hyperparameters):
    return {
        "objective": objective,
        "hyperparameters": hyperparameters,
        "techniques": {name: {"settings": settings} for name, settings in dict(techniques).items()},
    }


@pytest.fixture
def study(make):
    """Make a study of variants with their values of a metric by seed."""

    def build(
        variants, values, place=RING, metric="modes_any", protocol="modes-3sigma-2500", steps=4000,
        settings=None,
    ):  # fmt: skip
        where = {"dataset": place[0], "architecture": place[1]}
        rows = [
            make.row(name, seed, 10, float(value), metric, protocol, **where)
            for name, column in values.items()
            for seed, value in enumerate(column)
        ]
        runs = [
            {**where, "variant": name, "seed": 0, "steps": steps, "status": "finished"}
            for name in variants
        ]
        manifest = {
            "datasets": {place[0]: {"kind": "mixture"}},
            "variants": variants,
            "runs": runs,
            "settings": settings or {},
        }
        return Results(records.frame(rows), manifest)

    return build


def cell(table, method, metric="modes_any"):
    return table[(table["method"] == method) & (table["metric"] == metric)].iloc[0]


def test_the_data_files_hold_the_published_table():
    entries = {(e.source.split(" ")[0], e.dataset, e.method, e.metric): e for e in load()}
    assert len(entries) == len(load())
    gan = entries["PacGAN", "pacgan-ring", "GAN", "high_quality"]
    assert (gan.value, gan.error, gan.n, gan.steps) == pytest.approx((0.982, 0.002, 10, 400_000))
    four = entries["PacGAN", "pacgan-grid", "PacGAN4", "kl_reverse"]
    assert (four.value, four.error) == (0.04, 0.01)
    veegan = entries["VEEGAN", "pacgan-ring", "GAN", "modes_any"]
    assert veegan.value == 1
    assert veegan.standard_error == 0
    for entry in entries.values():
        assert entry.metric in records.METRICS
        assert entry.provenance
        assert entry.value >= 0
        assert entry.value <= 1 or entry.metric not in ("high_quality", "precision")
        assert entry.standard_error <= (0 if entry.kind == NONE else entry.error)


def test_an_error_without_a_kind_is_refused():
    entry = load()[0]
    with pytest.raises(ValueError, match="error 'none'"):
        Entry(**{**vars(entry), "kind": NONE})
    with pytest.raises(ValueError, match="error 'variance'"):
        Entry(**{**vars(entry), "kind": "variance"})


def test_a_standard_deviation_counts_by_its_runs_or_whole():
    about = {**vars(load()[0]), "error": 4.0, "kind": STANDARD_DEVIATION}
    assert Entry(**{**about, "n": 16.0}).standard_error == 1
    assert Entry(**{**about, "n": np.nan}).standard_error == 4


def test_only_the_radius_of_the_paper_is_compared():
    ring, many = (
        next(e for e in load() if e.dataset == name) for name in ("pacgan-ring", "veegan-1200d")
    )
    assert ring.measures("modes_any", "modes-3sigma-2500")
    assert not many.measures("modes_any", "modes-27.9sigma-2500")
    assert many.measures("modes_any", "modes-10sigma-2500")
    assert not many.measures("modes", "modes-10sigma-2500")


@pytest.mark.parametrize(
    ("given", "matches"),
    [
        (variant("pacgan", packing=2, other=1.0), True),
        (variant("pacgan", packing=3), False),
        (variant("pacgan"), False),
        (variant("non-saturating", packing=2), False),
        (variant("pacgan", {"r1": {"weight": 1}}, packing=2), False),
    ],
)
def test_a_spelling_fixes_what_it_names_and_no_more(given, matches):
    assert Spelling("pacgan", {"packing": 2}, {}).describes(given) is matches


def test_techniques_must_be_the_same_with_the_settings_named():
    spelling = Spelling("non-saturating", {}, {"packing": {"size": 2}})
    assert spelling.describes(variant("non-saturating", {"packing": {"size": 2}}))
    assert not spelling.describes(variant("non-saturating", {"packing": {"size": 3}}))
    assert not spelling.describes(variant("non-saturating"))


def test_welchs_interval_is_scipys():
    rng = np.random.default_rng(0)
    a, b = rng.normal(1, 2, size=6), rng.normal(0, 0.5, size=11)
    expected = stats.ttest_ind(a, b, equal_var=False).confidence_interval(0.95)
    means, errors = (a.mean(), b.mean()), (stats.sem(a), stats.sem(b))
    assert difference_interval(means, errors, (6, 11)) == pytest.approx(tuple(expected))


def test_the_interval_without_their_error_is_ours_and_with_none_a_point():
    a = np.array([1.0, 2.0, 4.0])
    low, high = stats.ttest_1samp(a, 0).confidence_interval(0.95)
    found = difference_interval((a.mean(), 1.0), (stats.sem(a), 0.0), (3, np.inf))
    assert found == pytest.approx((low - 1, high - 1))
    assert difference_interval((8.0, 7.0), (0.0, 0.0), (4, np.inf)) == (1, 1)
    assert np.isnan(difference_interval((8.0, 7.0), (np.nan, 0.1), (1, 10))).all()
    half = 1.96 * 0.1
    known = difference_interval((0.0, 0.0), (0.0, 0.1), (3, np.inf))
    assert known == pytest.approx((-half, half), rel=1e-3)


def test_ours_stand_beside_theirs_with_both_errors(study):
    packs = {"pac": variant("pacgan", packing=2)}
    row = cell(compare(study(packs, {"pac": [8, 8, 7, 8]})), "PacGAN2")
    assert row["variant"] == "pac"
    assert (row["mean"], row["n"], row["published"]) == (7.75, 4, 7.9)
    ours, theirs = np.array([8, 8, 7, 8]), (7.9, 0.1)
    error = np.hypot(stats.sem(ours), theirs[1])
    freedom = error**4 / (stats.sem(ours) ** 4 / 3 + theirs[1] ** 4 / 9)
    half = stats.t.ppf(0.975, freedom) * error
    assert row["difference"] == pytest.approx(-0.15)
    assert (row["low"], row["high"]) == pytest.approx((-0.15 - half, -0.15 + half))
    assert row["published_half_width"] == pytest.approx(stats.t.ppf(0.975, 9) * 0.1)
    assert row["budget"] == pytest.approx(0.01)
    assert row["verdict"] == AGREES


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ([8, 8, 8, 8], AGREES),
        ([5, 5, 6, 5], DIFFERS),
        # The interval covers 0 and everything else.
        ([1, 8, 8, 8], UNCERTAIN),
        ([8], UNCERTAIN),
        ([], NO_RESULT),
    ],
)
def test_verdicts(study, values, verdict):
    table = compare(study({"pac": variant("pacgan", packing=2)}, {"pac": values}))
    assert cell(table, "PacGAN2")["verdict"] == verdict
    assert cell(table, "PacGAN3")["verdict"] == NOT_RUN


def test_a_number_too_wide_to_tell_the_methods_apart_is_no_agreement(study):
    # Ring modes lie 1.6 apart in the paper's table.
    pac = {"pac": variant("pacgan", packing=2)}
    wide = cell(compare(study(pac, {"pac": [6, 8, 9.5, 8]})), "PacGAN2")
    assert wide["low"] < 0 < wide["high"]
    assert (wide["high"] - wide["low"]) / 2 > 1.6
    assert wide["verdict"] == UNCERTAIN


def test_an_infinite_mean_differs_and_diverged_runs_are_noted(study, make):
    pac = {"pac": variant("pacgan", packing=2)}
    results = study(pac, {"pac": [0.1, 0.1, 0.1]}, metric="kl_reverse")
    lost = make.diverged("pac", 3, 5) | {"dataset": RING[0], "architecture": RING[1]}
    rows = [*results.table.to_dict("records"), lost]
    row = cell(compare(Results(records.frame(rows), results.manifest)), "PacGAN2", "kl_reverse")
    assert row["mean"] == np.inf
    assert row["verdict"] == DIFFERS
    assert row["note"] == "1 of 4 runs diverged"


def test_a_variant_by_either_spelling_and_both_have_rows(study):
    variants = {
        "pac": variant("pacgan", packing=2),
        "packed": variant("non-saturating", {"packing": {"size": 2}}),
        "plain": variant("non-saturating"),
    }
    table = compare(study(variants, {name: [7, 8, 8] for name in variants}))
    found = table[table["metric"] == "modes_any"].groupby("method")["variant"].agg(list).to_dict()
    assert found == {
        "GAN": ["plain"], "PacGAN2": ["pac", "packed"], "PacGAN3": [""], "PacGAN4": [""],
    }  # fmt: skip


def test_nothing_is_there_where_no_method_of_the_table_is_run(study):
    assert compare(study({"gp": variant("wgan-gp")}, {"gp": [8, 8]})).empty
    plain = {"plain": variant("non-saturating")}
    assert compare(study(plain, {"plain": [8, 8]}, place=("pacgan-ring", "mlp"))).empty
    assert compare(study(plain, {"plain": [8, 8]}, place=("ring8", "pacgan-mlp"))).empty


def test_another_protocol_is_another_number(study):
    plain = {"plain": variant("non-saturating")}
    table = compare(study(plain, {"plain": [8, 8]}, protocol="modes-3sigma-500"))
    assert cell(table, "GAN")["verdict"] == NO_RESULT


def test_names_of_a_studys_own_are_looked_through_and_changed_settings_noted(study):
    settings = {
        "dataset_settings": {"few": {"dataset": "pacgan-ring", "points": 500}},
        "architecture_settings": {"thin": {"architecture": "pacgan-mlp", "width": 16}},
    }
    plain = {"plain": variant("non-saturating")}
    results = study(plain, {"plain": [6, 7, 6]}, place=("few", "thin"), settings=settings)
    row = cell(compare(results), "GAN")
    assert (row["dataset"], row["architecture"]) == ("few", "thin")
    assert row["verdict"] == AGREES
    assert row["note"] == "dataset with points 500; architecture with width 16"


def test_the_budget_is_unknown_where_theirs_is(study):
    plain = {"plain": variant("non-saturating")}
    row = cell(
        compare(study(plain, {"plain": [1, 1, 2]}, place=("pacgan-ring", "veegan-mlp"))), "GAN"
    )
    assert np.isnan(row["budget"])
    assert row["note"] == "their error is not known"
