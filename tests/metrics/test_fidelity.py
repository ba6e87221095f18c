"""Image metrics against closed forms, brute force, and torch-fidelity's full call."""

from dataclasses import replace
from unittest.mock import patch

import numpy as np
import pytest
import torch
import torch_fidelity.feature_extractor_inceptionv3 as inception
from torch import nn

from bench.datasets.base import Images
from bench.metrics import extractors, fidelity
from bench.metrics.evaluator import EvaluationSettings, Evaluator
from bench.metrics.extractors import Features, extract
from bench.metrics.pixels import to_unit
from bench.metrics.references import Real

#: What both compute, relative and absolute: KID may be near zero, and is a mean of differences.
FULL_CALL = {
    "fid": (1e-4, 1e-6),
    "kid": (1e-4, 1e-6),
    "precision": (1e-4, 0),
    "recall": (1e-4, 0),
    "f_score": (1e-4, 0),
    "inception_score": (1e-4, 0),
}


def noisy(images, scale, seed=0):
    noise = np.random.default_rng(seed).normal(scale=scale, size=images.shape)
    return np.clip(images + noise, -1, 1).astype(np.float32)


def compared(fake, real):
    return fidelity.image_metrics(Features(fake), Real.of(real))


def seen(extractor, fake, real):
    """Metrics of images through an extractor."""
    return fidelity.image_metrics(
        extract(extractor, fake), Real.of(extract(extractor, real).values)
    )


def assert_agree(ours, full):
    assert set(full) <= set(ours)
    for name, value in full.items():
        relative, absolute = FULL_CALL[name]
        assert ours[name] == pytest.approx(value, rel=relative, abs=absolute), name


def test_kid_is_the_unbiased_estimate():
    rng = np.random.default_rng(0)
    fake, real = rng.normal(size=(30, 4)), 1.5 * rng.normal(size=(30, 4)) + 0.5

    def kernel(a, b):
        return (a @ b.T / 4 + 1) ** 3

    def off_diagonal(matrix):
        return (matrix.sum() - np.trace(matrix)) / (30 * 29)

    expected = off_diagonal(kernel(fake, fake)) + off_diagonal(kernel(real, real))
    expected -= 2 * kernel(fake, real).mean()
    metrics = compared(torch.from_numpy(fake), torch.from_numpy(real))
    assert metrics["kid"] == pytest.approx(expected, rel=1e-10)


def test_kid_of_unequal_sides_averages_over_subsets_of_the_smaller():
    rng = np.random.default_rng(0)
    fake, real = (
        torch.from_numpy(rng.normal(size=(30, 4))),
        torch.from_numpy(rng.normal(size=(40, 4))),
    )
    library = fidelity.kid_features_to_metric(fake, real, kid_subset_size=30, verbose=False)
    expected = library["kernel_inception_distance_mean"]
    assert compared(fake, real)["kid"] == expected


def test_numbers_are_computed_in_double_precision():
    fake, real = torch.randn(2, 50, 8, generator=torch.Generator().manual_seed(0)) + 10
    assert compared(fake, real) == compared(fake.double(), real.double())


def test_precision_and_recall_count_the_balls():
    rng = np.random.default_rng(0)
    fake, real = rng.normal(size=(40, 3)) * 0.6, rng.normal(size=(50, 3))

    def inside(points, balls, k=3):
        radius = [np.sort(np.linalg.norm(balls - centre, axis=1))[k] for centre in balls]
        distance = np.linalg.norm(points[:, None] - balls[None], axis=2)
        return np.mean((distance <= np.array(radius)).any(axis=1))

    metrics = compared(torch.from_numpy(fake), torch.from_numpy(real))
    assert metrics["precision"] == pytest.approx(inside(fake, real))
    assert metrics["recall"] == pytest.approx(inside(real, fake))
    assert metrics["precision"] != metrics["recall"]
    mean = 2 / (1 / metrics["precision"] + 1 / metrics["recall"])
    assert metrics["f_score"] == pytest.approx(mean)


def test_the_inception_score_is_the_exponent_of_the_information():
    # A tenth of the samples each for sure of one of ten classes: ten; all alike: one.
    sure = 1000 * torch.eye(10).repeat(30, 1)
    values = torch.randn(300, 4, generator=torch.Generator().manual_seed(0))
    real = Real.of(values)

    def score(logits):
        return fidelity.image_metrics(Features(values, logits), real)["inception_score"]

    assert score(torch.zeros(300, 10)) == pytest.approx(1)
    assert score(sure[:1].repeat(300, 1)) == pytest.approx(1)
    # In parts of 30 the entropy of ten classes is (10 − 1)/(2·30) too small, to first order.
    assert score(sure) == pytest.approx(10 * np.exp(-9 / 60), rel=0.03)
    assert "inception_score" not in compared(values, values)


def test_the_same_images_are_at_no_distance(extractor, digits):
    metrics = seen(extractor, digits.pixels["test"], digits.pixels["test"])
    assert metrics["fid"] == pytest.approx(0, abs=1e-5)
    assert metrics["kid"] < 0
    assert metrics["precision"] == metrics["recall"] == metrics["f_score"] == 1
    assert metrics["coverage"] == 1
    assert metrics["density"] == 1


def test_fewer_samples_than_dimensions_are_measured():
    generator = torch.Generator().manual_seed(0)
    fake, real = torch.randn(2, 20, 200, generator=generator)
    metrics = compared(fake, real + 1)
    assert "fid_infinity" not in metrics
    assert np.isfinite(list(metrics.values())).all()
    assert metrics["fid"] > 200
    assert "fid_infinity" in compared(fake[:, :5], real[:, :5])


@pytest.mark.parametrize("fakes", [200, 150])
def test_the_full_call_agrees(extractor, digits, fakes):
    fake = noisy(to_unit(digits.pixels["validation"])[:fakes], 0.3)
    real = to_unit(digits.pixels["test"])[:200]
    full = fidelity.full_metrics(extractor, fake, real)
    assert set(full) == set(FULL_CALL)
    assert_agree(seen(extractor, fake, real), full)


def test_the_full_call_agrees_on_stacks(stacks, stacks_path):
    extractor = extractors.of_classifier(stacks_path)
    fake, real = stacks.pixels["validation"][:250], stacks.pixels["test"][:250]
    full = fidelity.full_metrics(extractor, fake, real)
    assert_agree(seen(extractor, fake, real), full)
    assert full["inception_score"] > 15


def test_the_full_call_never_meets_a_stale_cache(extractor, digits, tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    fake, real = (to_unit(digits.pixels[split])[:100] for split in ("validation", "test"))
    first = fidelity.full_metrics(extractor, fake, real)
    second = fidelity.full_metrics(extractor, fake, noisy(real, 1))
    assert second["fid"] > 2 * first["fid"]
    assert list(tmp_path.rglob("*.pt")) == []


def test_the_order_of_samples_and_the_batches_do_not_matter(extractor, digits):
    fake, real = digits.pixels["validation"], digits.pixels["test"]
    order = np.random.default_rng(0).permutation(300)
    before = seen(extractor, fake, real)
    after = seen(replace(extractor, batch=7), fake[order], real[order[::-1]])
    for name, value in before.items():
        # These take random parts of the samples; of KID, 300 is all of them.
        tolerance = {"inception_score": 0.1, "fid_infinity": 0.15}.get(name, 1e-6)
        assert after[name] == pytest.approx(value, abs=tolerance, rel=1e-5), name


def test_kid_of_subsets_hardly_depends_on_the_order():
    generator = torch.Generator().manual_seed(0)
    fake, real = torch.randn(2, 1500, 8, generator=generator)
    fake = fake + 0.5
    order = torch.randperm(1500, generator=generator)
    first, second = compared(fake, real)["kid"], compared(fake[order], real)["kid"]
    assert first == compared(fake, real)["kid"] != second
    assert second == pytest.approx(first, rel=0.02)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_an_image_that_is_not_finite_is_the_worst(extractor, digits, value):
    fake = to_unit(digits.pixels["validation"])[:50].copy()
    fake[7, 0, 3, 3] = value
    features = extract(extractor, fake)
    for layer in features:
        assert torch.isnan(layer).all(dim=1).nonzero().flatten().tolist() == [7]
    found = fidelity.image_metrics(features, Real.of(extract(extractor, fake[8:]).values))
    assert found["fid"] == found["kid"] == np.inf
    assert found["inception_score"] == 1
    assert {found[name] for name in ("precision", "recall", "f_score", "density")} == {0}


def test_constant_images_are_far_but_finite(extractor, digits):
    real = to_unit(digits.pixels["test"])
    fake = np.zeros_like(real)
    metrics = seen(extractor, fake, real)
    assert np.isfinite(list(metrics.values())).all()
    assert metrics["fid"] > 10
    assert metrics["recall"] == metrics["coverage"] == 0
    assert metrics["inception_score"] == pytest.approx(1)
    assert_agree(metrics, fidelity.full_metrics(extractor, fake, real))


@pytest.fixture(scope="module")
def inception_weights(tmp_path_factory):
    """Random weights in the shape of torch-fidelity's Inception, features of order one."""
    with (
        patch.object(inception, "load_state_dict_from_url"),
        patch.object(inception.FeatureExtractorInceptionV3, "load_state_dict"),
    ):
        network = inception.FeatureExtractorInceptionV3(extractors.INCEPTION, ["2048"])
    with torch.random.fork_rng():
        torch.manual_seed(0)
        for module in network.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight)
    path = tmp_path_factory.mktemp("inception") / "inception.pth"
    torch.save(network.state_dict(), path)
    return path


def test_inception_sees_grey_where_there_is_one_channel(inception_weights, digits):
    extractor = extractors.registered(extractors.INCEPTION, inception_weights)
    grey = noisy(to_unit(digits.pixels["validation"])[:10], 0.5)
    real = to_unit(digits.pixels["test"])[:10]
    features = extract(extractor, grey)
    assert features.values.shape == (10, 2048)
    assert features.logits.shape == (10, 1008)
    coloured = extract(extractor, np.repeat(grey[:2], 3, axis=1))
    torch.testing.assert_close(coloured.values, features.values[:2])
    full = fidelity.full_metrics(extractor, grey, real)
    ours = fidelity.image_metrics(features, Real.of(extract(extractor, real).values))
    assert ours["fid"] > 0
    assert set(full) == set(FULL_CALL)
    assert_agree(ours, full)


def test_inception_has_protocols_of_its_own(inception_weights, digits, classifier_path):
    few = {split: (images[:8], np.arange(8) % 2) for split, images in digits.pixels.items()}
    settings = EvaluationSettings(
        image_samples=8,
        extractors=("classifier", "inception-v3-compat"),
        extractor_weights={"inception-v3-compat": inception_weights},
    )
    evaluator = Evaluator(Images.of("few", few), settings, classifier_path)
    measurements = evaluator.evaluate(noisy(to_unit(digits.pixels["train"])[:16], 0.1))
    assert list(dict.fromkeys(measurement.protocol for measurement in measurements)) == [
        "digits-classifier-8-test",
        "memorisation-digits-classifier-8-train",
        "inception-v3-compat-8-test",
        "memorisation-inception-v3-compat-8-train",
        "selection-digits-classifier-8-validation",
    ]
    assert all(np.isfinite(measurement.value) for measurement in measurements)
