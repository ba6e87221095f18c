"""Studies: what they expand to, and what is said of their mistakes."""

import json
from pathlib import Path

import pytest
import yaml

from bench.config import Cell, Study
from bench.studies import StudyError, studies

PLAIN = Path(__file__).parent / "studies" / "plain.yaml"


@pytest.fixture
def write(tmp_path):
    def write(**changes):
        study = {**yaml.safe_load(PLAIN.read_text()), **changes}
        study = {key: value for key, value in study.items() if value is not None}
        path = tmp_path / "mine.yaml"
        path.write_text(yaml.safe_dump(study))
        return path

    return write


def test_every_study_of_the_project_is_valid():
    assert "quick" in studies()
    for name in studies():
        study = Study.load(name)
        assert study.cells or study.calibrated


def test_every_combination_is_trained_or_left_out_with_a_reason():
    study = Study.load("quick")
    settings = study.settings
    crossed = {
        (dataset, architecture, variant)
        for dataset in settings["datasets"]
        for architecture in settings["architectures"]
        for variant in settings["objectives"]
    }
    trained = {(cell.dataset, cell.architecture, cell.variant) for cell in study.cells}
    left_out = set()
    for entry in study.left_out:
        assert entry.reason
        variants = settings["objectives"] if entry.variant == "*" else [entry.variant]
        left_out |= {(entry.dataset, entry.architecture, variant) for variant in variants}
    assert trained | left_out == crossed
    assert not trained & left_out
    assert ("ring8", "dcgan", "wgan") in left_out
    assert ("digits", "dcgan", "wgan") in trained


def test_calibration_covers_every_objective():
    study = Study.load("calibration")
    assert {study.variant(name).objective for name in study.calibrated} == set(study.sources)


def test_quick_covers_what_it_promises():
    study = Study.load("quick")
    assert len(study.seeds) >= 3
    assert {cell.objective for cell in study.cells} == {
        *("minimax", "non-saturating", "maximum-likelihood", "least-squares", "hinge"),
        *("wgan", "wgan-gp", "rpgan-r1-r2"),
    }
    assert {cell.dataset for cell in study.cells} == {"ring8", "grid25", "digits"}
    for cell in study.cells:
        assert cell.training["snapshots"] == 20
        assert cell.training["refresh_snapshots"] >= 8


def test_a_dataset_can_have_settings_of_its_own(write):
    study = Study.load(write(per_dataset={"digits": {"training": {"batch_size": 8}}}))
    sizes = {cell.dataset: cell.training["batch_size"] for cell in study.cells}
    assert sizes == {"ring8": 16, "digits": 8}
    # What is not said for the dataset is as for all.
    assert {cell.training["snapshots"] for cell in study.cells} == {6}


def test_defaults_come_from_the_schema(write):
    study = Study.load(write(training=None))
    assert study.settings["training"]["batch_size"] == 128
    assert study.settings["protocol"] == "shared"


def test_a_cells_settings_ignore_what_does_not_change_results(write):
    path = write()
    first = Study.load(path).cells[0].settings()
    study = yaml.safe_load(path.read_text())
    study["seeds"].append(7)
    study["objectives"].append("hinge")
    study["datasets"].append("grid25")
    study["description"] = "Another."
    study["training"]["checkpoint_seconds"] = 1
    path.write_text(yaml.safe_dump(study))
    assert Study.load(path).cells[0].settings() == first
    study["training"]["batch_size"] = 17
    path.write_text(yaml.safe_dump(study))
    assert Study.load(path).cells[0].settings() != first
    assert json.loads(first)["variant"] == "non-saturating"


def test_paper_protocol_takes_each_objectives_own(write):
    assert all(cell.shared is None for cell in Study.load(write(protocol="paper")).cells)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"objectives": ["wgan-pg"]}, "objectives: objective 'wgan-pg' is unknown; did you mean"),
        ({"datasets": ["ring9"]}, "did you mean 'ring8'?"),
        ({"architectures": ["mpl"]}, "did you mean 'mlp'?"),
        ({"trainning": {}}, "key 'trainning' is unknown; did you mean 'training'?"),
        ({"seeds": None}, "seeds: give at least one training seed"),
        ({"seeds": [0, -1]}, "seeds.1: -1 is too small; it must be at least 0"),
        ({"seeds": ["one"]}, "seeds.0: 'one' should be of type integer"),
        (
            {"training": {"budget": {"unit": "generator_steps", "amount": -5}}},
            "training.budget.amount: -5 is too small; it must be at least 1",
        ),
        (
            {"training": {"budget": {"unit": "generator_step", "amount": 5}}},
            "budget.unit: value 'generator_step' is unknown; did you mean 'generator_steps'?",
        ),
        ({"training": {"batch": 5}}, "training: key 'batch' is unknown; did you mean"),
        ({"protocol": "papr"}, "protocol: value 'papr' is unknown; did you mean 'paper'?"),
        ({"plugins": ["gone.py"]}, "plugins: there is no file"),
        (
            {
                "evaluation": {
                    "extractors": ["inception-v3-compat"],
                    "extractor_weights": {"inception-v3-compat": "gone.pth"},
                }
            },
            "evaluation.extractor_weights.inception-v3-compat: there is no file 'gone.pth'",
        ),
        (
            {"evaluation": {"extractor_weights": {"vgg16": "gone.pth"}}},
            "evaluation.extractor_weights: extractor of this study 'vgg16' is unknown",
        ),
        (
            {"evaluation": {"extractors": ["inception"]}},
            "extractors.0: value 'inception' is unknown; did you mean 'inception-v3-compat'?",
        ),
        (
            {"variants": {"mine": {"objective": "wgan-gp", "lambda": 1}}, "objectives": ["mine"]},
            "variants.mine: hyper-parameter of wgan-gp 'lambda' is unknown",
        ),
        (
            {"variants": {"mine": {"objective": "hinges"}}},
            "variants.mine.objective: objective 'hinges' is unknown; did you mean 'hinge'?",
        ),
        (
            {"variants": {"hinge": {"objective": "wgan"}}},
            "variants.hinge: this is the name of another objective",
        ),
        (
            {"variants": {"mine": {"objective": "wgan", "clip": "0.1"}}, "objectives": ["mine"]},
            "variants.mine: hyper-parameter 'clip' of wgan: '0.1' is not a float",
        ),
        (
            {"shared": {"discriminator_optimizer": {"name": "sgd", "lr": 0.1, "betas": [0, 0]}}},
            "shared.discriminator_optimizer: option of sgd 'betas' is unknown",
        ),
        ({"per_dataset": {1: {}}}, "per_dataset.key 1 is not a word; put it in quotes"),
        ({"datasets": ["digits"], "architectures": ["mlp"]}, "nothing to train"),
        ({"per_dataset": {"grid52": {}}}, "per_dataset: dataset 'grid52' is unknown; did you mean"),
        (
            {"architecture_settings": {"mlp": {"widht": 4}}},
            "architecture_settings.mlp: hyper-parameter of mlp 'widht' is unknown; did you mean "
            "'width'?",
        ),
        (
            {"architecture_settings": {"mlp": {"width": 0}}},
            "architecture_settings.mlp: mlp: width: 0 is not a positive whole number",
        ),
        (
            {"leave_out": [{"dataset": "ring", "reason": "no"}]},
            "leave_out: dataset 'ring' is unknown; did you mean 'ring8'?",
        ),
        (
            {"shared": {"generator_optimizer": {"name": "adam", "lr": 0}}},
            "shared.generator_optimizer.lr: 0 is too small; it must be above 0",
        ),
    ],
)
def test_a_mistake_is_one_line_that_names_key_and_choice(write, changes, message):
    with pytest.raises(StudyError) as caught:
        Study.load(write(**changes))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_study_that_is_not_there():
    with pytest.raises(StudyError, match="study 'quik' is unknown; did you mean 'quick'"):
        Study.load("quik")
    with pytest.raises(StudyError, match=r"there is no file 'gone\.yaml'"):
        Study.load("gone.yaml")


def test_a_name_that_is_no_path(write):
    path = write().rename(write().with_name("my study.yaml"))
    with pytest.raises(StudyError, match="a study's name may have letters"):
        Study.load(path)


@pytest.mark.parametrize("text", ["- a\n- b\n", "a: [", "", "just words"])
def test_what_is_not_a_study(tmp_path, text):
    path = tmp_path / "bad.yaml"
    path.write_text(text)
    with pytest.raises(StudyError) as caught:
        Study.load(path)
    assert "\n" not in str(caught.value)


def test_cells_are_found_by_path():
    study = Study.load(PLAIN)
    assert isinstance(study.cell("ring8/mlp/wgan-gp"), Cell)
    with pytest.raises(StudyError, match="did you mean 'ring8/mlp/wgan-gp'"):
        study.cell("ring8/mlp/wgan-pg")


def variant(**definition):
    return {"objectives": ["mine"], "variants": {"mine": definition}}


def test_a_variant_has_techniques_and_a_recipe_of_its_own(write):
    techniques = {"spectral-norm": {}, "instance-noise": {"std": 0.2}}
    recipe = {"discriminator_steps": 3, "updates": "simultaneous"}
    path = write(**variant(objective="hinge", techniques=techniques, recipe=recipe))
    for cell in Study.load(path).cells:
        assert cell.objective == "hinge"
        assert cell.hyperparameters == {}
        assert cell.techniques == techniques
        assert cell.recipe == recipe
        names = {path.name for path in cell.files}
        assert {"hinge.py", "spectral_norm.py", "instance_noise.py"} <= names


def test_settings_of_a_technique_and_their_order_determine_the_results(write):
    def cell(*names):
        techniques = {name: {} for name in names}
        study = variant(objective="hinge", techniques=techniques)
        # YAML keeps the order that the study has.
        path = write(**study)
        text = yaml.safe_dump({**yaml.safe_load(path.read_text()), **study}, sort_keys=False)
        path.write_text(text)
        return Study.load(path).cells[0].settings()

    one, other = cell("lecam", "r1"), cell("r1", "lecam")
    assert cell("lecam") != one
    assert one != other


@pytest.mark.parametrize(
    ("definition", "says"),
    [
        (
            {"objective": "hinge", "techniques": {"spectral-nrom": {}}},
            "variants.mine.techniques: technique 'spectral-nrom' is unknown; did you mean "
            "'spectral-norm'?",
        ),
        (
            {"objective": "hinge", "techniques": {"r1": {"wieght": 1.0}}},
            "variants.mine: hyper-parameter of r1 'wieght' is unknown; did you mean 'weight'?",
        ),
        (
            {"objective": "hinge", "techniques": {"r1": {"every": 0}}},
            "variants.mine: r1: every is 0",
        ),
        (
            {"objective": "wgan-gp", "techniques": {"weight-clipping": {}}},
            "exclude one another: clipped weights keep the critic's slope far from the 1",
        ),
        (
            {"objective": "wgan-gp", "techniques": {"minibatch-stddev": {}}},
            "a discriminator that compares the samples of a batch has none",
        ),
        ({"objective": "hinge", "recipe": {"updates": "both"}}, "variants.mine.recipe.updates"),
        (
            {
                "objective": "hinge",
                "recipe": {"generator_optimizer": {"name": "sgd", "lr": 0.1, "betas": [0, 0.9]}},
            },
            "variants.mine.recipe.generator_optimizer: option of sgd 'betas' is unknown",
        ),
    ],
)
def test_a_mistake_in_a_variant_is_named(write, definition, says):
    with pytest.raises(StudyError) as error:
        Study.load(write(**variant(**definition)))
    assert says in str(error.value)
    assert "\n" not in str(error.value)


def test_an_architecture_that_cannot_be_what_a_technique_needs_is_left_out(write):
    techniques = {"virtual-batch-norm": {}}
    study = Study.load(write(**variant(objective="hinge", techniques=techniques)))
    assert {cell.architecture for cell in study.cells} == {"dcgan"}
    reasons = {entry.architecture: entry.reason for entry in study.left_out if entry.variant != "*"}
    assert "no batch normalisation" in reasons["mlp"]


def test_a_calibration_needs_neither_data_nor_seeds(write):
    nothing = dict.fromkeys(("datasets", "architectures", "seeds"))
    settings = {"steps": 5, "per_variant": {"wgan-gp": {"depths": [3]}}}
    study = Study.load(write(calibration=settings, **nothing))
    assert study.cells == []
    assert study.calibrated == ["non-saturating", "wgan-gp"]
    assert study.calibration("non-saturating")["depths"] == [2]
    assert study.calibration("wgan-gp")["depths"] == [3]
    assert study.calibration("wgan-gp")["steps"] == 5
    assert "per_variant" not in study.calibration("wgan-gp")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"calibration": {"pairs": ["shift-3d"]}}, "calibration.pairs: pair 'shift-3d' is unknown"),
        (
            {"calibration": {"per_variant": {"hinge": {}}}},
            "calibration.per_variant: objective of this study 'hinge' is unknown",
        ),
        ({"calibration": {"step": 5}}, "calibration: key 'step' is unknown; did you mean 'steps'?"),
        ({"datasets": None}, "nothing to train: name some datasets"),
        ({"seeds": None}, "seeds: give at least one training seed"),
    ],
)
def test_a_mistake_in_a_calibration_or_the_data_is_named(write, changes, says):
    with pytest.raises(StudyError, match=r"mine\.yaml") as error:
        Study.load(write(**changes))
    assert says in str(error.value)
