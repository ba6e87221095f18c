"""Protocols: what is compared with what, under which name, and that controls rank as they must."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from bench.metrics.evaluator import EvaluationSettings, Evaluator
from bench.records import DROPPED, METRICS, PRIMARY, REAL
from bench.store import shipped as load

MIXTURE_METRICS = [
    *("w1", "sliced_w2"),
    *("modes", "modes_any", "high_quality", "kl_reverse", "kl_forward", "tv", "kl_plus"),
]
SMALL = EvaluationSettings(mode_samples=400, transport_samples=200, selection_samples=100)


def reported(measurements):
    return {m.metric: m.value for m in measurements if not m.protocol.startswith("selection")}


def selecting(measurements):
    (measurement,) = (m for m in measurements if m.protocol.startswith("selection"))
    return measurement


def blob(evaluator, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(scale=0.1, size=(evaluator.samples_needed, 2)).astype(np.float32)


def noise(evaluator, seed=0):
    rng = np.random.default_rng(seed)
    return rng.uniform(-1, 1, size=(evaluator.samples_needed, 1, 8, 8)).astype(np.float32)


@pytest.fixture(scope="module")
def digits_evaluator(digits, classifier_path):
    return Evaluator(digits, EvaluationSettings(), classifier_path)


def test_mixture_protocols_name_their_sample_counts():
    evaluator = Evaluator(load("ring8"), EvaluationSettings())
    measurements = evaluator.evaluate(blob(evaluator))
    assert evaluator.samples_needed == 3000
    assert [(m.metric, m.protocol) for m in measurements] == [
        *((metric, "stratified-1000") for metric in MIXTURE_METRICS[:2]),
        *((metric, "modes-3sigma-2500") for metric in MIXTURE_METRICS[2:]),
        ("w1", "selection-500"),
    ]


def test_image_protocols_name_the_extractor_and_the_counts(digits_evaluator):
    measurements = digits_evaluator.evaluate(noise(digits_evaluator))
    assert digits_evaluator.samples_needed == 600
    assert [(m.metric, m.protocol) for m in measurements] == [
        *((m, "digits-classifier-test-300") for m in ("fid", "kid", "precision", "recall")),
        ("fid", "selection-digits-classifier-validation-300"),
    ]


def test_fewer_images_are_another_protocol(digits, classifier_path):
    evaluator = Evaluator(digits, EvaluationSettings(image_samples=100), classifier_path)
    protocols = {m.protocol for m in evaluator.evaluate(noise(evaluator))}
    assert protocols == {
        "digits-classifier-test-100",
        "selection-digits-classifier-validation-100",
    }
    larger = Evaluator(digits, EvaluationSettings(image_samples=10_000), classifier_path)
    assert larger.samples_needed == 600


@pytest.mark.parametrize("name", ["ring8", "digits"])
def test_samples_that_select_are_not_reported(name, classifier_path):
    evaluator = Evaluator(load(name), SMALL, classifier_path)
    samples = blob(evaluator) if name == "ring8" else noise(evaluator)
    before = evaluator.evaluate(samples)
    split = 400 if name == "ring8" else 300
    other_selection, other_report = samples.copy(), samples.copy()
    other_selection[split:] = 0
    other_report[:split] = 0
    changed_selection = evaluator.evaluate(other_selection)
    changed_report = evaluator.evaluate(other_report)
    assert reported(changed_selection) == reported(before)
    assert selecting(changed_selection) != selecting(before)
    assert selecting(changed_report) == selecting(before)
    assert reported(changed_report) != reported(before)


def test_selection_has_a_reference_of_its_own(digits_evaluator, digits):
    same = replace(SMALL, mode_samples=200, selection_samples=200)
    evaluator = Evaluator(load("ring8"), same)
    half = load("ring8").sample(200, np.random.default_rng(0))
    twice = evaluator.evaluate(np.concatenate([half, half]))
    assert selecting(twice).value != reported(twice)["w1"]
    fakes = digits.pixels["train"][:300]
    twice = digits_evaluator.evaluate(np.concatenate([fakes, fakes]))
    assert selecting(twice).value != reported(twice)["fid"]


def test_evaluation_repeats_exactly_and_ignores_what_it_does_not_need():
    samples = load("ring8").sample(1000, np.random.default_rng(0))
    first = Evaluator(load("ring8"), SMALL).evaluate(samples)
    assert Evaluator(load("ring8"), SMALL).evaluate(samples[:500]) == first


def test_too_few_samples_are_refused():
    evaluator = Evaluator(load("ring8"), SMALL)
    with pytest.raises(ValueError, match="needs 500 samples, not 499"):
        evaluator.evaluate(np.zeros((499, 2), dtype=np.float32))


def test_a_classifier_is_asked_for(digits):
    with pytest.raises(ValueError, match="'digits' needs a classifier file"):
        Evaluator(digits, EvaluationSettings())


@pytest.mark.parametrize("name", ["ring8", "grid25", "digits"])
def test_controls_rank_as_they_must(name, classifier_path):
    evaluator = Evaluator(load(name), EvaluationSettings(), classifier_path)
    replicates = evaluator.controls()
    assert list(replicates) == [REAL, DROPPED]
    assert len(replicates[REAL]) == (1 if name == "digits" else 10)
    controls = {variant: draws[0] for variant, draws in replicates.items()}
    real, dropped = reported(controls[REAL]), reported(controls[DROPPED])
    samples = noise(evaluator) if name == "digits" else blob(evaluator)
    untrained = reported(evaluator.evaluate(samples))
    # What looks at each sample alone cannot see that modes are missing.
    blind_to_dropping = {"high_quality", "precision"}
    for metric in real:
        sign = {"lower": 1, "higher": -1}[METRICS[metric].better]
        if metric not in blind_to_dropping:
            assert sign * real[metric] < sign * dropped[metric], metric
        assert sign * dropped[metric] < sign * untrained[metric], metric
    primary = PRIMARY[load(name).kind]
    assert 5 * real[primary] < untrained[primary]
    # No split is compared with itself.
    assert real[primary] > 0.01
    assert selecting(controls[REAL]).value > 0.01
    assert selecting(controls[REAL]).value < selecting(controls[DROPPED]).value


def test_dropped_classes_keep_the_count_without_repeats(digits, classifier_path):
    evaluator = Evaluator(digits, EvaluationSettings(), classifier_path)
    for side in vars(evaluator._protocols.controls()[DROPPED][0]).values():
        assert len(side) == 300
        assert len(np.unique(side, axis=0)) == 300


def test_too_few_images_of_half_the_classes_are_named(digits, classifier_path):
    few = replace(
        digits,
        pixels={**digits.pixels, "train": digits.pixels["train"][:50]},
        labels={**digits.labels, "train": digits.labels["train"][:50]},
    )
    evaluator = Evaluator(few, EvaluationSettings(), classifier_path)
    with pytest.raises(ValueError, match=r"'digits' has \d+ images of half its classes"):
        evaluator.controls()


def test_a_diverged_generator_gets_the_worst_values(digits_evaluator):
    evaluator = Evaluator(load("ring8"), SMALL)
    broken = np.full((evaluator.samples_needed, 2), np.nan, dtype=np.float32)
    values = reported(evaluator.evaluate(broken))
    assert values["w1"] == values["sliced_w2"] == np.inf
    assert values["modes"] == values["high_quality"] == 0
    broken = np.full_like(noise(digits_evaluator), np.nan)
    values = reported(digits_evaluator.evaluate(broken))
    assert values == {"fid": np.inf, "kid": np.inf, "precision": 0, "recall": 0}


def test_mixtures_are_evaluated_without_torch_fidelity():
    program = (
        "import sys; import numpy as np; from bench.store import shipped as load\n"
        "from bench.metrics.evaluator import EvaluationSettings, Evaluator\n"
        "assert not {'torch', 'ot', 'torch_fidelity'} & set(sys.modules)\n"
        "evaluator = Evaluator(load('ring8'), EvaluationSettings(20, 20, 20))\n"
        "evaluator.evaluate(np.zeros((40, 2), dtype=np.float32))\n"
        "assert 'torch_fidelity' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
