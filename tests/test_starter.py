"""The starter file works as it stands and never overwrites anything."""

import pytest

from bench import objectives, starter
from bench.conformance import check


@pytest.mark.parametrize("name", ["my-loss", "objective", "r3-gan"])
def test_the_starter_conforms(name, tmp_path):
    path = starter.write(name, tmp_path / "new")
    assert path == tmp_path / "new" / f"{name.replace('-', '_')}.py"
    findings = check(path, training=name == "my-loss")
    assert [finding for finding in findings if not finding.passed] == []


def test_the_starter_is_found_under_its_name(tmp_path):
    path = starter.write("my-loss", tmp_path)
    assert objectives.find([path])["my-loss"] == path.resolve()
    assert objectives.load(path).__name__ == "MyLoss"
    assert len(path.read_text().splitlines()) <= 50


@pytest.mark.parametrize(
    "name", ["MyLoss", "my_loss", "my loss", "-loss", "my-", "my--loss", "3d", "", "../loss", "a\n"]
)
def test_other_names_are_refused(name, tmp_path):
    with pytest.raises(ValueError, match="lower-case words joined by hyphens"):
        starter.write(name, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_ships_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"'wgan-gp' exists already.*wgan_gp\.py"):
        starter.write("wgan-gp", tmp_path)


def test_a_file_that_is_there_is_kept(tmp_path):
    path = starter.write("my-loss", tmp_path)
    path.write_text("mine")
    with pytest.raises(ValueError, match="exists already"):
        starter.write("my-loss", tmp_path)
    assert path.read_text() == "mine"
