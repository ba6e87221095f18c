"""The report of what the workflow really gathers, with cohorts missing."""

from pathlib import Path

import pandas as pd
import pytest
import torch

from bench import manifest, plan, store
from bench.config import Study
from bench.report.page import write_report
from bench.training import run

PLAIN = Path(__file__).parents[1] / "studies" / "plain.yaml"


@pytest.mark.parametrize("trained", [[], ["ring8/mlp/wgan-gp"]])
def test_the_page_names_every_missing_run(tmp_path, trained):
    study = Study.load(PLAIN)
    made = plan.make(study, tmp_path / "plain")
    for cohort in made.cohorts:
        if cohort.cell.path in trained:
            run.train(
                cohort.cell,
                study.name,
                cohort.seeds,
                cohort.folder,
                torch.device("cpu"),
                store.shipped("ring8"),
            )
    manifest.gather(made)
    page = write_report(made.results)
    lost = pd.read_csv(page.parent / "tables" / "not-finished.csv", keep_default_na=False)
    expected = {
        (cohort.cell.path, seed)
        for cohort in made.cohorts
        for seed in cohort.seeds
        if cohort.cell.path not in trained
    }
    paths = lost["dataset"] + "/" + lost["architecture"] + "/" + lost["variant"]
    assert set(zip(paths, lost["seed"], strict=True)) == expected
    assert set(lost["status"]) == {"failed"}
    text = page.read_text()
    assert text.count("failed or missing: there are no results") == len(expected) == len(lost)
    assert text.count("No run has left results.") == (1 if trained else 2)
    assert ("Without results: non-saturating." in text) == bool(trained)
    assert text.count("unknown: no run of it has finished") == (1 if trained else 2)
