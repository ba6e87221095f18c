"""Protocols for images: names, counts, references, controls, and a cache that all share."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import truncnorm

from bench.datasets.base import DataError, Images
from bench.metrics import classifier, prepared
from bench.metrics.cache import Cache
from bench.metrics.evaluator import EvaluationSettings, Evaluator
from bench.metrics.extractors import extract, of_classifier
from bench.metrics.pixels import to_unit
from bench.metrics.protocols import label
from bench.metrics.stacked import stacked_metrics
from bench.records import COPIED, DROPPED, METRICS, NOISY, REAL, UNTRAINED

COMPARED = [
    *("fid", "kid", "precision", "recall", "f_score", "density", "coverage"),
    *("inception_score", "fid_infinity"),
]
COPIES = ["near_copies", "authenticity", "nearest_ratio"]


def uniform(evaluator, shape=(1, 8, 8), seed=0):
    rng = np.random.default_rng(seed)
    return rng.uniform(-1, 1, size=(evaluator.samples_needed, *shape)).astype(np.float32)


def values(measurements, kind=""):
    return {m.metric: m.value for m in measurements if m.protocol.startswith(kind)}


def reported(measurements):
    return {m.metric: m.value for m in measurements if not m.protocol.startswith("selection")}


@pytest.fixture(scope="module")
def evaluator(digits, classifier_path):
    return Evaluator(digits, EvaluationSettings(), classifier_path)


@pytest.fixture(scope="module")
def controls(evaluator):
    """Measurements of every control, an untrained generator's stand-in among them."""
    found = {name: draws[0] for name, draws in evaluator.controls().items()}
    return {**found, UNTRAINED: evaluator.evaluate(uniform(evaluator))}


def test_protocols_name_the_extractor_the_count_and_the_split(evaluator):
    measurements = evaluator.evaluate(uniform(evaluator))
    assert evaluator.samples_needed == 600
    assert {(m.metric, m.protocol) for m in measurements} == {
        *((metric, "digits-classifier-300-test") for metric in COMPARED),
        *((metric, "memorisation-digits-classifier-300-train") for metric in COPIES),
        ("fid", "selection-digits-classifier-300-validation"),
    }
    # The first protocol is the one that ranks.
    assert measurements[0].protocol == "digits-classifier-300-test"


def test_counts_are_printed_in_thousands_where_they_are():
    assert [label(n) for n in (300, 1000, 2500, 10_000, 50_000)] == [
        *("300", "1k", "2500", "10k", "50k")
    ]


def test_other_counts_and_references_are_other_protocols(digits, classifier_path):
    settings = EvaluationSettings(image_samples=1000, reference="train")
    evaluator = Evaluator(digits, settings, classifier_path)
    # As many as each split has.
    assert evaluator.samples_needed == 1000 + 300
    images = np.concatenate([digits.pixels["train"], digits.pixels["test"]])[:1300]
    found = {m.protocol for m in evaluator.evaluate(images)}
    assert found == {
        "digits-classifier-1k-train",
        "memorisation-digits-classifier-1k-train",
        "selection-digits-classifier-300-validation",
    }
    # Held-out images are fewer than that, and say so.
    real = evaluator.controls()[REAL][0]
    assert "digits-classifier-600-train" in {m.protocol for m in real}


def test_samples_that_select_are_not_reported(evaluator):
    samples = uniform(evaluator)
    before = evaluator.evaluate(samples)
    other_selection, other_report = samples.copy(), samples.copy()
    other_selection[300:] = 0
    other_report[:300] = 0
    changed_selection = evaluator.evaluate(other_selection)
    changed_report = evaluator.evaluate(other_report)
    assert reported(changed_selection) == reported(before)
    assert values(changed_selection, "selection") != values(before, "selection")
    assert values(changed_report, "selection") == values(before, "selection")
    assert reported(changed_report) != reported(before)


def test_selection_has_a_reference_of_its_own(evaluator, digits):
    fakes = digits.pixels["train"][:300]
    twice = evaluator.evaluate(np.concatenate([fakes, fakes]))
    assert values(twice, "selection")["fid"] != reported(twice)["fid"]


def test_every_metric_sees_what_it_must(controls):
    real = reported(controls[REAL])
    assert set(real) == {*COMPARED, *COPIES}
    for metric, value in real.items():
        sign = {"lower": 1, "higher": -1, "none": 0}[METRICS[metric].better]
        for control in METRICS[metric].sees if sign else ():
            assert sign * value < sign * reported(controls[control])[metric], (metric, control)
    # No split is compared with itself.
    assert real["fid"] > 0.1
    assert 5 * real["fid"] < reported(controls[UNTRAINED])["fid"]


def test_held_out_images_are_no_copies_and_copies_are(controls):
    real, copied = reported(controls[REAL]), reported(controls[COPIED])
    # One hundredth of the other held-out split is nearer, by definition.
    assert real["near_copies"] < 0.05
    assert 0.9 < real["nearest_ratio"] < 1.1
    assert (copied["near_copies"], copied["authenticity"]) == (1, 0)
    assert copied["nearest_ratio"] == 0
    # What compares distributions takes copies for the real thing.
    assert copied["fid"] < 2 * real["fid"]


def test_the_noise_is_as_strong_as_stated(evaluator):
    sides = evaluator._protocols.controls()
    (real,), (noisy,) = sides[REAL], sides[NOISY]
    images = to_unit(real.reported)
    # Grey levels at the ends of the range are clipped, those in between are not.
    inner = np.abs(images) < 0.1
    added = (noisy.reported - images)[inner]
    free = np.abs(added) < 0.85
    truncated = truncnorm(-0.85 / 0.5, 0.85 / 0.5, scale=0.5)
    assert added[free].std() == pytest.approx(truncated.std(), rel=0.03)
    assert np.abs(noisy.reported).max() == 1


def test_dropped_classes_keep_the_count_without_repeats(evaluator, digits):
    (sides,) = evaluator._protocols.controls()[DROPPED]
    known = {
        image.tobytes(): label
        for split in ("train", "validation", "test")
        for image, label in zip(digits.pixels[split], digits.labels[split], strict=True)
    }
    for side in (sides.reported, sides.selecting):
        assert len(np.unique(side, axis=0)) == len(side) == 300
        assert {known[image.tobytes()] for image in side} == {0, 1, 2, 3, 4}


def test_images_without_classes_have_no_control_without_classes(digits, classifier_path):
    labels = {split: np.zeros_like(values) for split, values in digits.labels.items()}
    evaluator = Evaluator(replace(digits, labels=labels), EvaluationSettings(), classifier_path)
    assert set(evaluator._protocols.controls()) == {REAL, NOISY, COPIED}


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_an_image_that_is_not_finite_gets_the_worst_values(evaluator, value):
    broken = uniform(evaluator)
    broken[17, 0, 3, 3] = broken[311, 0, 3, 3] = value
    measurements = evaluator.evaluate(broken)
    found = reported(measurements)
    for metric in ("fid", "kid", "fid_infinity", "nearest_ratio"):
        assert found[metric] == np.inf
    for metric in ("precision", "recall", "f_score", "density", "coverage", "authenticity"):
        assert found[metric] == 0
    assert found["near_copies"] == found["inception_score"] == 1
    assert values(measurements, "selection") == {"fid": np.inf}


def test_too_few_real_images_are_named(digits, classifier_path):
    few = {split: (digits.pixels[split][:5], digits.labels[split][:5]) for split in digits.pixels}
    with pytest.raises(DataError, match=r"'few' has 5 images in its validation split.*least 6"):
        Evaluator(Images.of("few", few), EvaluationSettings(), classifier_path)


def test_a_classifier_is_asked_for(digits):
    with pytest.raises(DataError, match="'classifier' needs a classifier file"):
        Evaluator(digits, EvaluationSettings())


@pytest.fixture
def ready(digits, classifier_path, tmp_path, monkeypatch):
    """What `bench features` writes, with the classifier there already."""
    monkeypatch.setattr(classifier, "cached", lambda *_: classifier_path)
    output = tmp_path / "study" / "digits.json"
    prepared.prepare(digits, EvaluationSettings(), tmp_path / "cache", output)
    return output


def test_prepared_features_are_the_same_and_only_read(
    ready, digits, evaluator, tmp_path, monkeypatch
):
    before = sorted(path.name for path in (tmp_path / "cache").iterdir())
    samples = uniform(evaluator)
    with monkeypatch.context() as patch:
        patch.setattr(Cache, "file", counted := Counted(Cache.file))
        found = Evaluator(digits, EvaluationSettings(), ready).evaluate(samples)
    assert counted.names == ["test-300", "neighbourhood-1197", "validation-300"]
    assert counted.computed == 0
    assert found == evaluator.evaluate(samples)
    assert sorted(path.name for path in (tmp_path / "cache").iterdir()) == before


class Counted:
    """Cache.file, with what is asked for and how often it is computed."""

    def __init__(self, original):
        self.original, self.names, self.computed = original, [], 0

    def __get__(self, cache, _):
        def file(name, key, compute):
            self.names.append(name.removeprefix("digits-digits-classifier-"))

            def counting():
                self.computed += 1
                return compute()

            return self.original(cache, name, key, counting)

        return file


def test_a_changed_input_has_another_file(ready, digits, classifier_path, tmp_path):
    def files():
        return set((tmp_path / "cache").glob("*.safetensors"))

    def measure(dataset, name="digits.json", settings=None):
        evaluator = Evaluator(dataset, settings or EvaluationSettings(), ready.with_name(name))
        return reported(evaluator.evaluate(uniform(evaluator)))

    first, before = files(), measure(digits)
    assert files() == first
    brighter = digits.pixels["test"].copy()
    brighter[0] = 255
    changed = replace(digits, pixels={**digits.pixels, "test": brighter}, checksum="another")
    assert measure(changed)["fid"] != before["fid"]
    # All but the classifier's depend on the data.
    assert len(files() - first) == 3
    second = files()
    measure(digits, settings=EvaluationSettings(image_samples=100))
    assert len(files() - second) == 2


def test_a_deleted_or_damaged_cache_is_rebuilt(ready, digits, tmp_path):
    def measure():
        evaluator = Evaluator(digits, EvaluationSettings(), ready)
        return evaluator.evaluate(uniform(evaluator))

    before = measure()
    contents = {path: path.read_bytes() for path in (tmp_path / "cache").glob("*.safetensors")}
    for damage in (lambda b: b[:100], lambda b: b[:-1] + bytes([b[-1] ^ 1]), None):
        for path, content in contents.items():
            path.unlink() if damage is None else path.write_bytes(damage(content))
        assert measure() == before
        assert {path: path.read_bytes() for path in contents} == contents


def test_what_is_not_prepared_is_named(tmp_path):
    for content in (None, "{", "[]", '{"cache": "x"}'):
        path = tmp_path / "digits.json"
        if content is not None:
            path.write_text(content)
        with pytest.raises(DataError, match=r"digits\.json is missing or damaged; `bench"):
            prepared.located(path)


@pytest.fixture(scope="module")
def stacked_evaluator(stacks, stacks_path):
    return Evaluator(stacks, EvaluationSettings(stacked_samples=1000), stacks_path)


def test_stacks_are_counted_as_they_were_made(stacks, stacks_path, stacked_evaluator):
    evaluator = stacked_evaluator
    assert evaluator.samples_needed == 1000 + 300
    splits = "train", "test", "validation"
    images = np.concatenate([stacks.pixels[split] for split in splits])
    truth = np.concatenate([stacks.labels[split] for split in splits])[:1000]
    measurements = evaluator.evaluate(images[:1300])
    found = values(measurements, "stacked-pacgan-1k")
    made = stacked_metrics(truth)
    # A classifier of single digits that is right 98 times in 100 misreads 1 stack in 16.
    assert found["stacked_modes"] == pytest.approx(made["stacked_modes"], rel=0.03)
    assert found["stacked_kl"] == pytest.approx(made["stacked_kl"], rel=0.05)
    # Precisely, the classes are those that are read.
    read = extract(of_classifier(stacks_path), images[:1000]).logits.argmax(dim=1).numpy()
    assert found == stacked_metrics(read)
    assert values(measurements, "stacks-classifier-300-test")["fid"] > 0


def test_controls_of_stacks_lack_the_modes_that_they_lack(stacked_evaluator):
    evaluator = stacked_evaluator
    found = {name: draws[0] for name, draws in evaluator.controls().items()}
    real, dropped = (values(found[name], "stacked-pacgan") for name in (REAL, DROPPED))
    assert dropped["stacked_modes"] < real["stacked_modes"]
    assert dropped["stacked_kl"] > real["stacked_kl"]
    noise = values(evaluator.evaluate(uniform(evaluator, (3, 8, 8))), "stacked-pacgan-1k")
    assert noise["stacked_modes"] < dropped["stacked_modes"]


def test_controls_of_stacks_are_as_many_as_there_can_be(stacked_evaluator):
    needed = stacked_evaluator.samples_needed
    there = len(stacked_evaluator._protocols._images.pixels["train"])
    sides = stacked_evaluator._protocols.controls()[COPIED][0]
    assert len(sides.selecting) > 0
    assert len(sides.reported) + len(sides.selecting) == min(there, needed)
    assert len(sides.reported) >= min(there, needed) // 2


def test_a_stack_that_is_not_finite_is_of_no_class(stacked_evaluator):
    evaluator = stacked_evaluator
    broken = np.full((evaluator.samples_needed, 3, 8, 8), np.nan, np.float32)
    found = values(evaluator.evaluate(broken), "stacked-pacgan-1k")
    assert found == {"stacked_modes": 0, "stacked_kl": pytest.approx(np.log(1000))}
