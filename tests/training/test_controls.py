"""Control rows: known samples under the study's own protocols."""

import pytest
import torch

from bench import records, store
from bench.config import Study
from bench.metrics import classifier
from bench.records import COPIED, DROPPED, NOISY, REAL, UNTRAINED
from bench.studies import ROOT
from bench.training import run
from bench.training.controls import controls

ARCHITECTURES = {"ring8": "mlp", "digits": "dcgan"}
READINGS = (records.ONLINE, records.REFRESHED)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """The tiny study with seeds out of order, and with few enough images for both halves."""
    text = (ROOT / "tests" / "studies" / "plain.yaml").read_text()
    assert "seeds: [0, 1]" in text
    path = tmp_path_factory.mktemp("study") / "tiny.yaml"
    path.write_text(
        text.replace("seeds: [0, 1]", "seeds: [4, 2]").replace("amount: 40", "amount: 1")
    )
    return Study.load(path)


@pytest.fixture(scope="module")
def extractors(tmp_path_factory):
    """Classifiers of one training step: features, if poor ones."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(classifier, "SETTINGS", classifier.TrainingSettings(steps=1, epochs=0))
        path = classifier.cached(store.shipped("digits"), tmp_path_factory.mktemp("extractors"))
    return {"ring8": None, "digits": path}


@pytest.fixture(scope="module")
def tables(study, extractors):
    return {name: controls(study, store.shipped(name), extractors[name]) for name in ARCHITECTURES}


@pytest.fixture(params=ARCHITECTURES)
def name(request):
    return request.param


def test_every_control_is_there_under_its_names(tables, name):
    table = tables[name]
    assert list(table.columns) == list(records.COLUMNS)
    architectures = table.groupby("variant")["architecture"].unique().map(set).to_dict()
    known = {REAL, DROPPED, NOISY, *([COPIED] if name == "digits" else [])}
    assert architectures == {**{each: {""} for each in known}, UNTRAINED: {ARCHITECTURES[name]}}
    for column, value in {
        "study": "tiny",
        "dataset": name,
        "objective": records.CONTROL,
        "step": 0,
        "status": records.OK,
    }.items():
        assert set(table[column]) == {value}
    assert table["value"].notna().all()


def test_replicates_are_numbered_and_untrained_generators_have_the_studys_seeds(tables, name):
    """Every one of them is measured once under every protocol, though two objectives train."""
    table = tables[name]
    protocols = {(row.metric, row.protocol) for row in table.itertuples()}
    for variant, rows in table.groupby("variant"):
        seeds = sorted(rows["seed"].unique())
        assert seeds == ([2, 4] if variant == UNTRAINED else list(range(len(seeds))))
        for _, replicate in rows.groupby("seed"):
            found = [(row.metric, row.protocol) for row in replicate.itertuples()]
            assert sorted(found) == sorted(protocols)


def value(table, variant, metric):
    """Return the mean of what is reported, selection aside."""
    rows = table[(table["variant"] == variant) & (table["metric"] == metric)]
    return rows[~rows["protocol"].str.startswith(records.SELECTION)]["value"].mean()


def test_controls_rank_as_what_they_are(tables):
    ring, digits = tables["ring8"], tables["digits"]
    assert value(ring, REAL, "modes") == 8
    assert value(ring, DROPPED, "modes") == 6
    assert value(ring, REAL, "high_quality") > 0.97
    assert value(ring, UNTRAINED, "high_quality") < 0.1
    for table, metric in ((ring, "w1"), (digits, "fid")):
        best, middle, worst = (value(table, name, metric) for name in (REAL, DROPPED, UNTRAINED))
        assert best < middle < worst


def test_an_untrained_generator_is_the_first_snapshot_of_its_seeds_run(
    study, extractors, tables, tmp_path, name
):
    architecture = ARCHITECTURES[name]
    cell = study.cell(f"{name}/{architecture}/non-saturating")
    device, dataset = torch.device("cpu"), store.shipped(name)
    run.train(cell, "tiny", study.seeds, tmp_path, device, dataset, extractors[name])
    table = records.read(tmp_path / "metrics.parquet")
    keys = ["seed", "metric", "protocol"]
    first = table[(table["step"] == 0) & ~table["protocol"].isin(READINGS)]
    untrained = tables[name][tables[name]["variant"] == UNTRAINED]
    assert len(first) == len(untrained) > 0
    both = first.merge(untrained, on=keys, validate="one_to_one")
    assert len(both) == len(first)
    for row in both.itertuples():
        assert row.value_x == pytest.approx(row.value_y, rel=1e-6, abs=1e-6)
    # The seeds' generators are different ones.
    assert both.groupby(["metric", "protocol"])["value_y"].nunique().max() == 2
