"""A study of a calibration alone, and one whose variants have techniques, by the workflow."""

import json

import pandas as pd
import yaml

CALIBRATION = {
    "objectives": ["minimax", "wgan", "ragan"],
    "calibration": {
        "pairs": ["shift-1d", "shift-bounded-1d"],
        "steps": 5,
        "batch_size": 16,
        "width": 8,
        "per_variant": {"wgan": {"depths": [2, 1]}},
    },
}


def test_a_calibration_alone_has_a_report(workflow):
    workflow.study.write_text(yaml.safe_dump(CALIBRATION))
    process = workflow.snakemake()
    assert process.returncode == 0, process.stdout
    estimates = pd.read_parquet(workflow.results / "calibration" / "estimates.parquet")
    rows = estimates.groupby(["variant", "depth"]).size().to_dict()
    assert rows == {("minimax", 2): 2, ("wgan", 2): 2, ("wgan", 1): 2}
    manifest = json.loads((workflow.results / "manifest.json").read_text())
    assert manifest["variants"]["ragan"]["divergence"] is None
    assert manifest["variants"]["wgan"]["reference"].startswith("Arjovsky")
    page = (workflow.results / "report" / "index.html").read_text()
    assert "How far estimates are from the truth" in page
    assert "How strongly a generator is pulled" in page
    assert workflow.planned() == {}
    # A change for one variant calibrates that one alone.
    changed = dict(CALIBRATION)
    changed["calibration"] = {**changed["calibration"], "per_variant": {"wgan": {"depths": [1]}}}
    workflow.study.write_text(yaml.safe_dump(changed))
    assert workflow.planned()["calibrate"] == 1


def test_variants_with_techniques_train_and_are_described(workflow):
    study = yaml.safe_load(workflow.study.read_text())
    study |= {
        "objectives": ["lazy", "told"],
        "datasets": ["ring8"],
        "architectures": ["mlp"],
        "variants": {
            "lazy": {
                "objective": "non-saturating",
                "techniques": {"r1": {"weight": 5.0, "every": 4}, "packing": {"size": 2}},
                "recipe": {"discriminator_steps": 2, "updates": "simultaneous"},
            },
            "told": {"objective": "hinge", "techniques": {"class-labels": {}, "unrolled": {}}},
        },
    }
    workflow.study.write_text(yaml.safe_dump(study))
    process = workflow.snakemake()
    assert process.returncode == 0, process.stdout
    manifest = json.loads((workflow.results / "manifest.json").read_text())
    assert manifest["finished"] == 4
    described = manifest["variants"]["lazy"]
    assert described["techniques"]["r1"]["settings"] == {"weight": 5.0, "every": 4}
    assert described["updates"] == "simultaneous"
    (seen,) = {run["samples_seen"] for run in manifest["runs"] if run["variant"] == "lazy"}
    assert seen == 40 * 2 * 16 * 2
    page = (workflow.results / "report" / "index.html").read_text()
    assert "Mescheder" in page
    # An edit of a technique's file, or of its settings, trains again what uses it.
    study["variants"]["lazy"]["techniques"]["r1"]["every"] = 2
    workflow.study.write_text(yaml.safe_dump(study))
    assert workflow.trained() == {"ring8/mlp/lazy/seeds-0to1"}
