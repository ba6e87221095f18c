"""Protocols: what is compared with what, under which name, and that controls rank as they must."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from bench.metrics.evaluator import EvaluationSettings, Evaluator
from bench.metrics.mixture_protocols import MixtureProtocols
from bench.records import DROPPED, METRICS, NOISY, PRIMARY, REAL, UNTRAINED
from bench.store import shipped as load

TRANSPORT = ("w1", "sliced_w2", "mmd", "energy")
LIKELIHOOD = ("log_density", "log_likelihood")
MODES = ("modes", "modes_any", "high_quality", "kl_reverse", "kl_forward", "tv", "kl_plus")
SMALL = EvaluationSettings(mode_samples=400, transport_samples=200, selection_samples=100)


def reported(measurements):
    return {m.metric: m.value for m in measurements if not m.protocol.startswith("selection")}


def selecting(measurements):
    (measurement,) = (m for m in measurements if m.protocol.startswith("selection"))
    return measurement


def blob(evaluator, seed=0, dimension=2):
    rng = np.random.default_rng(seed)
    size = (evaluator.samples_needed, dimension)
    return rng.normal(scale=0.1, size=size).astype(np.float32)


def test_mixture_protocols_name_their_sample_counts():
    evaluator = Evaluator(load("ring8"), EvaluationSettings())
    measurements = evaluator.evaluate(blob(evaluator))
    assert evaluator.samples_needed == 3000
    assert [(m.metric, m.protocol) for m in measurements] == [
        *((metric, "stratified-1000") for metric in TRANSPORT),
        *((metric, "likelihood-1000") for metric in LIKELIHOOD),
        *((metric, "modes-3sigma-2500") for metric in MODES),
        ("w1", "selection-500"),
    ]


def test_the_protocol_says_the_radius_of_high_quality():
    def protocols(name):
        mixture = load(name)
        evaluator = Evaluator(mixture, SMALL)
        found = {}
        for each in evaluator.evaluate(blob(evaluator, dimension=mixture.shape[0])):
            found.setdefault(each.protocol, []).append(each.metric)
        return found

    assert protocols("random-k")["modes-4.79sigma-400"] == list(MODES)
    # In its own radius, the metrics that were published; and no estimate of a density.
    veegan = protocols("veegan-1200d")
    assert veegan["modes-10sigma-400"] == ["modes_any", "high_quality", "kl_reverse"]
    assert veegan["modes-28.1sigma-400"] == list(MODES)
    assert veegan["stratified-200"] == list(TRANSPORT)
    assert "likelihood-200" not in veegan
    # What has no modes has no mode metrics, and needs no samples for them.
    assert Evaluator(load("swiss-roll"), SMALL).samples_needed == 300
    assert protocols("swiss-roll") == {
        "stratified-200": list(TRANSPORT),
        "likelihood-200": list(LIKELIHOOD),
        "selection-100": ["w1"],
    }


def test_samples_that_select_are_not_reported():
    evaluator = Evaluator(load("ring8"), SMALL)
    samples = blob(evaluator)
    before = evaluator.evaluate(samples)
    other_selection, other_report = samples.copy(), samples.copy()
    other_selection[400:] = 0
    other_report[:400] = 0
    changed_selection = evaluator.evaluate(other_selection)
    changed_report = evaluator.evaluate(other_report)
    assert reported(changed_selection) == reported(before)
    assert selecting(changed_selection) != selecting(before)
    assert selecting(changed_report) == selecting(before)
    assert reported(changed_report) != reported(before)


def test_selection_has_a_reference_of_its_own():
    same = replace(SMALL, mode_samples=200, selection_samples=200)
    evaluator = Evaluator(load("ring8"), same)
    half = load("ring8").sample(200, np.random.default_rng(0))
    twice = evaluator.evaluate(np.concatenate([half, half]))
    assert selecting(twice).value != reported(twice)["w1"]


def test_evaluation_repeats_exactly_and_ignores_what_it_does_not_need():
    samples = load("ring8").sample(1000, np.random.default_rng(0))
    first = Evaluator(load("ring8"), SMALL).evaluate(samples)
    assert Evaluator(load("ring8"), SMALL).evaluate(samples[:500]) == first


def test_too_few_samples_are_refused():
    evaluator = Evaluator(load("ring8"), SMALL)
    with pytest.raises(ValueError, match="needs 500 samples, not 499"):
        evaluator.evaluate(np.zeros((499, 2), dtype=np.float32))


@pytest.mark.parametrize("name", ["ring8", "grid25", "random-k", "anisotropic", "swiss-roll"])
def test_controls_rank_as_they_must(name):
    mixture = load(name)
    settings = EvaluationSettings(transport_samples=500, selection_samples=250)
    evaluator = Evaluator(mixture, settings)
    controls = evaluator.controls()
    assert list(controls) == [REAL, DROPPED, NOISY]
    assert {len(draws) for draws in controls.values()} == {10}
    controls[UNTRAINED] = [
        evaluator.evaluate(blob(evaluator, seed, mixture.shape[0])) for seed in range(2)
    ]
    means = {
        variant: {
            metric: np.mean([reported(draw)[metric] for draw in draws])
            for metric in reported(draws[0])
        }
        for variant, draws in controls.items()
    }
    assert {*TRANSPORT, *LIKELIHOOD} <= set(means[REAL])
    for metric, real in means[REAL].items():
        sign = {"lower": 1, "higher": -1}[METRICS[metric].better]
        for variant in METRICS[metric].sees:
            assert sign * real < sign * means[variant][metric], (metric, variant)
    primary = PRIMARY[mixture.kind]
    assert 5 * means[REAL][primary] < means[UNTRAINED][primary]
    # No split is compared with itself.
    assert means[REAL][primary] > 0.01
    selection = {
        variant: np.mean([selecting(draw).value for draw in draws])
        for variant, draws in controls.items()
    }
    assert 0.01 < selection[REAL] < min(selection[DROPPED], selection[NOISY], selection[UNTRAINED])


@pytest.mark.parametrize(
    ("name", "removed"),
    [("ring8", 2), ("grid25", 6), ("ring8-imbalanced", 6), ("unrolled-ring7", 2)],
)
def test_modes_of_a_quarter_of_the_weight_are_removed(name, removed):
    mixture = load(name)
    dropped = MixtureProtocols(mixture, SMALL).controls()[DROPPED][0].reported
    found = np.unique(mixture.distances(dropped).argmin(axis=1))
    assert found.tolist() == list(range(len(mixture.means) - removed))
    assert mixture.weights[-removed:].sum() == pytest.approx(0.25, abs=0.011)


def test_a_single_mode_has_none_to_remove():
    single = load("random-k", modes=1, dimension=2)
    assert list(Evaluator(single, SMALL).controls()) == [REAL, NOISY]


def test_noise_is_ten_times_as_long_as_a_modes_own():
    mixture = load("anisotropic")
    controls = MixtureProtocols(mixture, SMALL).controls()
    # The same samples without and with it.
    pairs = zip(controls[REAL], controls[NOISY], strict=True)
    noise = np.concatenate([noisy.reported - real.reported for real, noisy in pairs])
    length = float(np.sqrt(np.square(noise).sum(axis=1).mean()))
    assert length == pytest.approx(10 * mixture.spread, rel=0.05)
    assert np.cov(noise.T) == pytest.approx(np.eye(2) * length**2 / 2, abs=0.05 * length**2)


def test_a_diverged_generator_gets_the_worst_values():
    evaluator = Evaluator(load("ring8"), SMALL)
    broken = np.full((evaluator.samples_needed, 2), np.nan, dtype=np.float32)
    values = reported(evaluator.evaluate(broken))
    assert [values[metric] for metric in TRANSPORT] == [np.inf] * 4
    assert [values[metric] for metric in LIKELIHOOD] == [-np.inf] * 2
    assert values["modes"] == values["high_quality"] == 0


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
