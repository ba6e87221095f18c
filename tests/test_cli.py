"""The command line as a person uses it."""

import json

import pytest

from bench import cli, objectives, techniques, verbs
from bench.studies import ROOT


def run(capsys, *arguments):
    status = cli.main(list(arguments))
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_list_shows_everything_a_study_can_name(capsys):
    status, output, _ = run(capsys, "list")
    assert status == 0
    for name in ("wgan-gp", "spectral-norm", "dcgan", "ring8", "kl_plus", "quick"):
        assert f"  {name} " in output
    assert {*objectives.find(), *techniques.find()} <= set(output.split())


@pytest.mark.parametrize("kind", verbs.KINDS)
def test_list_as_json(capsys, kind):
    status, output, _ = run(capsys, "list", kind, "--json")
    entries = json.loads(output)
    assert status == 0
    assert entries
    assert all(entry["name"] and entry["summary"] for entry in entries)


def test_plan_shows_cohorts_and_what_is_left_out(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    study = ROOT / "tests" / "studies" / "plain.yaml"
    status, output, _ = run(capsys, "plan", "--study", str(study))
    assert status == 0
    assert "train     ring8/mlp/wgan-gp  seeds 0, 1" in output
    assert "left out  ring8/dcgan/*  (dcgan takes images" in output


def test_a_new_objective_passes_its_check(capsys, tmp_path):
    status, output, _ = run(capsys, "new", "objective", "my-gan", "--folder", str(tmp_path))
    assert status == 0
    assert "bench check" in output
    status, output, _ = run(capsys, "check", str(tmp_path / "my_gan.py"))
    assert status == 0, output
    assert "FAIL" not in output


def test_a_broken_objective_fails_its_check(capsys, tmp_path):
    (tmp_path / "broken.py").write_text("raise RuntimeError('my own fault')\n")
    status, output, _ = run(capsys, "check", str(tmp_path / "broken.py"))
    assert status == 1
    assert "FAIL" in output
    assert "my own fault" in output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["list", "objectivs"], "kind 'objectivs' is unknown; did you mean 'objectives'?"),
        (["check", "wgan-pg"], "objective 'wgan-pg' is unknown; did you mean 'wgan-gp'?"),
        (["check", "gone.py"], "there is no file 'gone.py'"),
        (["new", "objective", "My GAN"], "My GAN"),
        (["plan", "--study", "quik"], "did you mean 'quick'?"),
        (["report", "results/gone"], "results/gone has no manifest.json"),
        (
            ["features", "--study", "quick", "--dataset", "ring8", "--output", "y"],
            "dataset 'ring8' has no images",
        ),
        (
            ["features", "--study", "quick", "--dataset", "digit", "--output", "y"],
            "dataset of this study 'digit' is unknown; did you mean 'digits'?",
        ),
        (
            [
                *("train", "--study", "quick", "--cell", "ring8/mlp/wgan"),
                *("--seeds", "0-2", "--output", "x"),
            ],
            "seeds '0-2'",
        ),
    ],
)
def test_a_mistake_is_one_line(capsys, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    status, _, errors = run(capsys, *arguments)
    assert status == 2
    assert message in errors
    assert errors.startswith("bench: ")
    assert errors.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
