"""Image metrics against closed forms, brute force, and torch-fidelity's full call."""

from unittest.mock import patch
from urllib.error import URLError

import numpy as np
import pytest
import torch
import torch_fidelity.feature_extractor_inceptionv3 as inception
from scipy.linalg import sqrtm
from torch import nn

from bench.datasets.base import Images
from bench.metrics import fidelity
from bench.metrics.evaluator import EvaluationSettings, Evaluator
from bench.metrics.pixels import to_unit

FULL_CALL = {"fid": 1e-3, "kid": 1e-3, "precision": 1 / 200, "recall": 1 / 200}


def with_moments(mean, covariance, n=500, seed=0):
    """Features whose sample mean and covariance are exactly those."""
    x = np.random.default_rng(seed).normal(size=(n, len(mean)))
    x -= x.mean(axis=0)
    whiten = np.linalg.inv(np.linalg.cholesky(np.cov(x, rowvar=False))).T
    return torch.from_numpy(x @ whiten @ np.linalg.cholesky(covariance).T + mean)


def noisy(images, scale, seed=0):
    noise = np.random.default_rng(seed).normal(scale=scale, size=images.shape)
    return np.clip(images + noise, -1, 1).astype(np.float32)


def test_fid_of_spheres_is_the_closed_form():
    # |m₁ − m₂|² + Σ (s₁ − s₂)², for covariances that commute.
    fake = with_moments(np.array([1.0, 0, 0]), np.diag([4.0, 1.0, 0.25]))
    real = with_moments(np.array([0, 2.0, 0]), np.diag([1.0, 1.0, 1.0]), seed=1)
    assert fidelity.frechet_distance(fake, real) == pytest.approx(5 + 1 + 0.25, rel=1e-10)


def test_fid_of_correlated_gaussians_is_the_matrix_formula():
    rng = np.random.default_rng(0)
    factors = rng.normal(size=(2, 6, 6))
    one, two = (factor @ factor.T + np.eye(6) for factor in factors)
    means = rng.normal(size=(2, 6))
    root = sqrtm(one)
    cross = sqrtm(root @ two @ root).real
    expected = np.sum((means[0] - means[1]) ** 2) + np.trace(one + two - 2 * cross)
    fake, real = with_moments(means[0], one), with_moments(means[1], two, seed=1)
    assert fidelity.frechet_distance(fake, real) == pytest.approx(expected, rel=1e-8)


def test_fid_of_few_samples_in_many_dimensions_loses_nothing():
    rng = np.random.default_rng(0)
    fake, real = torch.from_numpy(rng.normal(size=(2, 20, 200)) ** 2)
    fake = 2 * fake[:15]
    statistics = map(fidelity.fid_features_to_statistics, (fake, real))
    library = fidelity.fid_statistics_to_metric(*statistics, verbose=False)
    expected = library["frechet_inception_distance"]
    assert fidelity.frechet_distance(fake, real) == pytest.approx(expected, rel=1e-5)


def test_kid_is_the_unbiased_estimate():
    rng = np.random.default_rng(0)
    fake, real = rng.normal(size=(30, 4)), 1.5 * rng.normal(size=(30, 4)) + 0.5

    def kernel(a, b):
        return (a @ b.T / 4 + 1) ** 3

    def off_diagonal(matrix):
        return (matrix.sum() - np.trace(matrix)) / (30 * 29)

    expected = off_diagonal(kernel(fake, fake)) + off_diagonal(kernel(real, real))
    expected -= 2 * kernel(fake, real).mean()
    metrics = fidelity.image_metrics(torch.from_numpy(fake), torch.from_numpy(real))
    assert metrics["kid"] == pytest.approx(expected, rel=1e-10)


def test_kid_of_unequal_sides_averages_over_subsets_of_the_smaller():
    rng = np.random.default_rng(0)
    fake, real = (
        torch.from_numpy(rng.normal(size=(30, 4))),
        torch.from_numpy(rng.normal(size=(40, 4))),
    )
    library = fidelity.kid_features_to_metric(fake, real, kid_subset_size=30, verbose=False)
    expected = library["kernel_inception_distance_mean"]
    assert fidelity.image_metrics(fake, real)["kid"] == expected


def test_numbers_are_computed_in_double_precision():
    fake, real = torch.randn(2, 50, 8, generator=torch.Generator().manual_seed(0)) + 10
    expected = fidelity.image_metrics(fake.double(), real.double())
    assert fidelity.image_metrics(fake, real) == expected


def test_precision_and_recall_count_the_balls():
    rng = np.random.default_rng(0)
    fake, real = rng.normal(size=(40, 3)) * 0.6, rng.normal(size=(50, 3))

    def inside(points, balls, k=3):
        radius = [np.sort(np.linalg.norm(balls - centre, axis=1))[k] for centre in balls]
        distance = np.linalg.norm(points[:, None] - balls[None], axis=2)
        return np.mean((distance <= np.array(radius)).any(axis=1))

    metrics = fidelity.image_metrics(torch.from_numpy(fake), torch.from_numpy(real))
    assert metrics["precision"] == pytest.approx(inside(fake, real))
    assert metrics["recall"] == pytest.approx(inside(real, fake))
    assert metrics["precision"] != metrics["recall"]


def test_the_same_images_are_at_no_distance(extractor, digits):
    features = fidelity.features(extractor, to_unit(digits.pixels["test"]))
    metrics = fidelity.image_metrics(features, features)
    assert metrics["fid"] == pytest.approx(0, abs=1e-6)
    assert metrics["precision"] == metrics["recall"] == 1


@pytest.mark.parametrize("fakes", [200, 150])
def test_the_full_call_agrees(extractor, digits, fakes):
    fake, real = (
        noisy(to_unit(digits.pixels["validation"])[:fakes], 0.3),
        to_unit(digits.pixels["test"])[:200],
    )
    full = fidelity.full_metrics(extractor, fake, real)
    ours = fidelity.image_metrics(
        fidelity.features(extractor, fake), fidelity.features(extractor, real)
    )
    assert list(ours) == list(full) == list(FULL_CALL)
    for name, tolerance in FULL_CALL.items():
        assert ours[name] == pytest.approx(full[name], rel=tolerance, abs=tolerance / 10), name


def test_the_full_call_never_meets_a_stale_cache(extractor, digits, tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    fake = to_unit(digits.pixels["validation"])[:100]
    first = fidelity.full_metrics(extractor, fake, to_unit(digits.pixels["test"])[:100])
    second = fidelity.full_metrics(extractor, fake, noisy(to_unit(digits.pixels["test"])[:100], 1))
    assert second["fid"] > 2 * first["fid"]
    assert list(tmp_path.rglob("*.pt")) == []


def test_the_registered_name_holds_the_content_hash(extractor, classifier_path):
    assert extractor.name in fidelity.FEATURE_EXTRACTORS_REGISTRY
    assert extractor.name == classifier_path.stem.replace("digits-", "digits-classifier-")
    assert fidelity.extractor(classifier_path).name == extractor.name


def test_batches_do_not_matter(extractor, digits):
    together = fidelity.features(extractor, to_unit(digits.pixels["test"]))
    apart = torch.cat(
        [fidelity.features(extractor, to_unit(digits.pixels["test"])[i : i + 7]) for i in (0, 7)]
    )
    torch.testing.assert_close(together[:14], apart)
    assert not together.requires_grad


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_an_image_that_is_not_finite_is_the_worst(extractor, digits, value):
    fake = to_unit(digits.pixels["validation"])[:50].copy()
    fake[7, 0, 3, 3] = value
    features = fidelity.features(extractor, fake)
    assert torch.isnan(features).all(dim=1).nonzero().flatten().tolist() == [7]
    real = fidelity.features(extractor, to_unit(digits.pixels["test"])[:50])
    worst = {"fid": np.inf, "kid": np.inf, "precision": 0, "recall": 0}
    assert fidelity.image_metrics(features, real) == worst
    assert fidelity.frechet_distance(features, real) == np.inf
    assert fidelity.full_metrics(extractor, fake, to_unit(digits.pixels["test"])[:50]) == worst


def test_constant_images_are_far_but_finite(extractor, digits):
    fake = np.zeros_like(to_unit(digits.pixels["test"])[:50])
    real = to_unit(digits.pixels["test"])[:50]
    features = fidelity.features(extractor, real)
    metrics = fidelity.image_metrics(fidelity.features(extractor, fake), features)
    assert np.isfinite(list(metrics.values())).all()
    assert metrics["fid"] > 10
    assert metrics["recall"] == 0
    assert fidelity.full_metrics(extractor, fake, real)["fid"] == pytest.approx(
        metrics["fid"], rel=1e-3
    )


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"absent\.safetensors does not exist"):
        fidelity.extractor(tmp_path / "absent.safetensors")
    with pytest.raises(FileNotFoundError, match=r"absent\.pth does not exist"):
        fidelity.extractor(fidelity.INCEPTION, weights=tmp_path / "absent.pth")


def test_without_a_network_the_way_out_is_named(monkeypatch):
    def unreachable(*_, **__):
        raise URLError("no route to host")

    monkeypatch.setattr(inception, "load_state_dict_from_url", unreachable)
    with pytest.raises(FileNotFoundError, match=r"no route to host.*local copy"):
        fidelity.extractor(fidelity.INCEPTION)


@pytest.fixture(scope="module")
def inception_weights(tmp_path_factory):
    """Random weights in the shape of torch-fidelity's Inception, features of order one."""
    with (
        patch.object(inception, "load_state_dict_from_url"),
        patch.object(inception.FeatureExtractorInceptionV3, "load_state_dict"),
    ):
        network = inception.FeatureExtractorInceptionV3(fidelity.INCEPTION, ["2048"])
    with torch.random.fork_rng():
        torch.manual_seed(0)
        for module in network.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight)
    path = tmp_path_factory.mktemp("inception") / "inception.pth"
    torch.save(network.state_dict(), path)
    return path


def test_inception_sees_grey_where_there_is_one_channel(inception_weights, digits):
    extractor = fidelity.extractor(fidelity.INCEPTION, weights=inception_weights)
    grey, real = (
        noisy(to_unit(digits.pixels["validation"])[:5], 0.5),
        to_unit(digits.pixels["test"])[:5],
    )
    features = fidelity.features(extractor, grey)
    assert features.shape == (5, 2048)
    coloured = fidelity.features(extractor, np.repeat(grey[:2], 3, axis=1))
    torch.testing.assert_close(coloured, features[:2])
    full = fidelity.full_metrics(extractor, grey, real)
    ours = fidelity.image_metrics(features, fidelity.features(extractor, real))
    assert ours["fid"] > 0
    for name in FULL_CALL:
        # KID of so few images is all but zero, and single precision is what is left of it.
        assert ours[name] == pytest.approx(full[name], rel=1e-3, abs=1e-6), name


def test_inception_has_protocols_of_its_own(inception_weights, digits):
    few = {split: (images[:4], np.arange(4) % 2) for split, images in digits.pixels.items()}
    settings = EvaluationSettings(
        image_samples=4, extractor="inception-v3-compat", extractor_weights=inception_weights
    )
    evaluator = Evaluator(Images.of("few", few), settings)
    measurements = evaluator.evaluate(noisy(to_unit(digits.pixels["train"])[:8], 0.1))
    assert {measurement.protocol for measurement in measurements} == {
        "inception-v3-compat-test-4",
        "selection-inception-v3-compat-validation-4",
    }
    assert all(np.isfinite(measurement.value) for measurement in measurements)
