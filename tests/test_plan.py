"""Cohorts: what is on disk stays, what is missing is new."""

from dataclasses import replace
from pathlib import Path

import pytest

from bench import plan
from bench.config import Study

PLAIN = Path(__file__).parent / "studies" / "plain.yaml"


def with_seeds(*seeds):
    study = Study.load(PLAIN)
    return replace(study, settings={**study.settings, "seeds": list(seeds)})


def cohorts(study, results, cell="ring8/mlp/wgan-gp"):
    made = plan.make(study, results).cohorts
    return {cohort.folder.name: cohort.seeds for cohort in made if cohort.cell.path == cell}


def test_a_new_study_has_one_cohort_a_cell(tmp_path):
    made = plan.make(Study.load(PLAIN), tmp_path)
    assert len(made.cohorts) == len(made.study.cells) == 4
    assert {cohort.seeds for cohort in made.cohorts} == {(0, 1)}
    folder = tmp_path / "runs/ring8/mlp/non-saturating/seeds-0to1"
    assert made.cohorts[0].folder == folder


def test_an_added_seed_is_a_cohort_of_its_own(tmp_path):
    (tmp_path / "runs/ring8/mlp/wgan-gp/seeds-0to1").mkdir(parents=True)
    assert cohorts(with_seeds(0, 1, 5), tmp_path) == {"seeds-0to1": (0, 1), "seeds-5": (5,)}
    # Another cell, of which there is nothing yet, trains all seeds together.
    other = cohorts(with_seeds(0, 1, 5), tmp_path, "ring8/mlp/non-saturating")
    assert other == {"seeds-0to1+5": (0, 1, 5)}


def test_a_removed_seed_leaves_a_finished_cohort_as_it_is(tmp_path):
    folder = tmp_path / "runs/ring8/mlp/wgan-gp/seeds-0to4"
    folder.mkdir(parents=True)
    # Unfinished, it would train seeds that nobody wants any more.
    assert cohorts(with_seeds(0, 1), tmp_path) == {"seeds-0to1": (0, 1)}
    (folder / "run.json").touch()
    assert cohorts(with_seeds(0, 1), tmp_path) == {"seeds-0to4": (0, 1, 2, 3, 4)}


def test_no_seed_is_in_two_cohorts(tmp_path):
    for name in ("seeds-0to2", "seeds-2to3", "seeds-9", "seeds-junk", "seeds-"):
        folder = tmp_path / "runs/ring8/mlp/wgan-gp" / name
        folder.mkdir(parents=True)
        (folder / "run.json").touch()
    found = cohorts(with_seeds(0, 1, 2, 3), tmp_path)
    assert found == {"seeds-0to2": (0, 1, 2), "seeds-3": (3,)}


@pytest.mark.parametrize("seeds", [(0,), (3, 4), (0, 1, 2, 7, 9, 10), tuple(range(100))])
def test_labels_read_back(seeds):
    label = plan._label(seeds)
    assert plan.parse(label) == seeds
    assert len(label) < 40


def test_only_images_need_an_extractor(tmp_path):
    made = plan.make(Study.load(PLAIN), tmp_path)
    assert made.extractor("ring8") is None
    assert made.extractor("digits") == tmp_path / "features/digits.json"
