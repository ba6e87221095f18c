"""Study files: what a study takes over from another."""

import pytest
import yaml

from bench.config import Study
from bench.studies import StudyError, read, studies

BASE = {
    "objectives": ["minimax", "wgan"],
    "datasets": ["ring8"],
    "architectures": ["mlp"],
    "seeds": [0, 1],
    "training": {"batch_size": 32, "budget": {"unit": "generator_steps", "amount": 10}},
}


def write(folder, name, **content):
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


def test_mappings_are_merged_and_lists_replaced(tmp_path):
    write(tmp_path, "base", **BASE)
    path = write(tmp_path, "more", extends="base.yaml", seeds=[5], training={"batch_size": 8})
    study = Study.load(path)
    assert study.name == "more"
    assert study.seeds == [5]
    assert study.settings["training"]["batch_size"] == 8
    assert study.settings["training"]["budget"] == BASE["training"]["budget"]
    assert study.settings["objectives"] == BASE["objectives"]
    # As if it had said all of it itself.
    whole = {**BASE, "seeds": [5], "training": {**BASE["training"], "batch_size": 8}}
    (tmp_path / "other").mkdir()
    assert Study.load(write(tmp_path / "other", "more", **whole)).hash == study.hash


def test_a_study_that_ships_is_extended_by_name(tmp_path):
    path = write(tmp_path, "longer", extends="quick", seeds=[7])
    assert Study.load(path).settings["datasets"] == Study.load("quick").settings["datasets"]


def test_plugins_of_another_folder_are_found(tmp_path):
    write(tmp_path / "base", "base", **BASE, plugins=["mine.py"])
    path = write(tmp_path / "here", "more", extends="../base/base.yaml")
    assert read(path)["plugins"] == [str((tmp_path / "base" / "mine.py").resolve())]


def test_extending_oneself_is_said(tmp_path):
    write(tmp_path, "a", extends="b.yaml")
    path = write(tmp_path, "b", extends="a.yaml")
    with pytest.raises(StudyError, match="the study extends itself"):
        Study.load(path)


def test_an_unknown_base_is_named(tmp_path):
    path = write(tmp_path, "a", **BASE, extends="quik")
    with pytest.raises(StudyError, match="did you mean 'quick'"):
        Study.load(path)


@pytest.mark.parametrize("name", studies())
def test_every_study_that_ships_can_be_planned(name):
    study = Study.load(name)
    assert study.cells or study.calibrated


def test_a_dataset_is_crossed_with_what_it_names(tmp_path):
    path = write(
        tmp_path,
        "a",
        **{**BASE, "datasets": ["ring8", "grid25"]},
        architecture_settings={"wide": {"architecture": "mlp", "width": 128}},
        per_dataset={"grid25": {"objectives": ["wgan"]}},
    )
    found = {cell.path for cell in Study.load(path).cells}
    assert found == {"ring8/mlp/minimax", "ring8/mlp/wgan", "grid25/mlp/wgan"}


def test_a_plugin_with_settings_has_a_name_of_its_own(tmp_path):
    path = write(
        tmp_path,
        "a",
        **{**BASE, "architectures": ["mlp", "wide"]},
        architecture_settings={"wide": {"architecture": "mlp", "width": 128}},
    )
    cells = {cell.architecture: cell for cell in Study.load(path).cells}
    assert cells["wide"].networks.name == "mlp"
    assert cells["wide"].networks.settings == {"width": 128}
    assert Study.load(path).architecture("wide").width == 128
    assert Study.load(path).architecture("mlp").width == 64


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dataset_settings": {"ring8": {"modes": 3}}}, "hyper-parameter of ring8 'modes'"),
        ({"dataset_settings": {"mine": {"dataset": "rng8"}}}, "did you mean 'ring8'"),
        ({"dataset_settings": {"ring8": {"dataset": "grid25"}}}, "name of another dataset"),
        ({"architecture_settings": {"mine": {}}}, "architecture 'mine' is unknown"),
        ({"per_dataset": {"ring8": {"objectives": ["hinge"]}}}, "objective of this study"),
        ({"dataset_plugins": ["gone.py"]}, "dataset_plugins: there is no file"),
    ],
)
def test_a_mistake_is_one_line(tmp_path, changes, message):
    with pytest.raises(StudyError) as error:
        Study.load(write(tmp_path, "a", **{**BASE, **changes}))
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_datasets_and_architectures_are_plugins(tmp_path):
    (tmp_path / "two.py").write_text(
        '''"""Two points."""
from dataclasses import dataclass
import numpy as np
from bench.datasets.base import Mixture, PointSource

@dataclass(frozen=True)
class Two(PointSource):
    shape = (2,)
    distance: float = 1.0

    def mixture(self, name):
        return Mixture(name, np.array([[0.0, 0.0], [self.distance, 0.0]]), 0.1)
'''
    )
    (tmp_path / "deep.py").write_text(
        '''"""A deeper one."""
from dataclasses import dataclass
from bench.architectures.mlp import MLP

@dataclass(frozen=True)
class Deep(MLP):
    depth: int = 6
'''
    )
    study = Study.load(
        write(
            tmp_path,
            "a",
            **{**BASE, "datasets": ["two"], "architectures": ["deep"]},
            dataset_plugins=["two.py"],
            architecture_plugins=["deep.py"],
            dataset_settings={"two": {"distance": 3.0}},
        )
    )
    (cell, _) = study.cells
    # An edit of what a plugin derives from makes its results out of date, too.
    files = {path.name for path in cell.files}
    assert files >= {"minimax.py", "two.py", "deep.py", "mlp.py", "discriminator.py"}
    assert not files & {"dcgan.py", "ring8.py", "base.py"}
    assert study.dataset("two").mixture("two").means[1, 0] == 3
    assert study.architecture("deep").depth == 6
