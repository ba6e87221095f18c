"""The Fréchet distance against closed forms, other libraries and its own bias formula."""

import math

import numpy as np
import pytest
import scipy.linalg
import torch
import torch_fidelity
from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric

from bench.metrics.frechet import (
    Moments,
    frechet_distance,
    frechet_distance_of,
    frechet_infinity,
    moments,
    reference,
)

#: Moments of a distribution instead of a sample: no bound on the rank.
MANY = 10**9


def population(mean, covariance):
    mean, covariance = (torch.as_tensor(part, dtype=torch.float64) for part in (mean, covariance))
    return Moments(mean, covariance, MANY)


def normal(n, dimension, seed=0, shift=0.0):
    """Correlated Gaussian features, with a spectrum that falls."""
    rng = np.random.default_rng(seed)
    scale = 1 / np.sqrt(1 + np.arange(dimension))
    mix = np.random.default_rng(dimension).normal(size=(dimension, dimension)) / dimension**0.5
    return torch.from_numpy((rng.normal(size=(n, dimension)) * scale) @ mix + shift)


def by_square_root(fake, real):
    """The distance as it is written, with scipy's root of a product that is not symmetric."""
    root = scipy.linalg.sqrtm((fake.covariance @ real.covariance).numpy())
    shift = (fake.mean - real.mean).square().sum()
    traces = fake.covariance.trace() + real.covariance.trace()
    return float(shift + traces) - 2 * float(np.trace(root).real)


def by_singular_values(fake, real):
    """The distance of two samples: tr (Σ₁ Σ₂)^½ is the sum of the singular values of X₁ X₂ᵀ."""
    x, y = ((side - side.mean(0)) / math.sqrt(len(side) - 1) for side in (fake, real))
    shift = (fake.mean(0) - real.mean(0)).square().sum()
    overlap = torch.linalg.svdvals(x @ y.T).sum()
    return float(shift + x.square().sum() + y.square().sum() - 2 * overlap)


def bias(spectrum, n):
    """Expected excess from n generated samples of the true Gaussian, to first order in 1/n."""
    sums = spectrum[:, None] + spectrum
    pairs = (1 + np.eye(len(spectrum))) * np.outer(spectrum, spectrum) / sums
    return spectrum.sum() / n + pairs.sum() / (2 * n)


def test_moments_are_mean_and_unbiased_covariance():
    features = normal(50, 6)
    found = moments(features)
    assert found.count == 50
    assert np.allclose(found.mean, features.numpy().mean(0), rtol=1e-12, atol=1e-15)
    assert np.allclose(found.covariance, np.cov(features.numpy(), rowvar=False), rtol=1e-12)


def test_the_root_is_symmetric_and_squares_to_the_covariance():
    for features in (normal(50, 6), normal(5, 8)):
        found = reference(features)
        assert torch.allclose(found.root, found.root.T, atol=1e-15)
        assert torch.linalg.eigvalsh(found.root).min() > -1e-15
        assert torch.allclose(found.root @ found.root, found.moments.covariance, atol=1e-14)


def test_commuting_gaussians():
    # With a common basis, roots are roots of variances.
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    first = population([1, 2], turn @ np.diag([4, 9]) @ turn.T)
    second = population([4, -2], turn @ np.diag([1, 25]) @ turn.T)
    expected = 3**2 + 4**2 + (2 - 1) ** 2 + (3 - 5) ** 2
    assert frechet_distance(first, reference(second)) == pytest.approx(expected, rel=1e-12)
    assert frechet_distance(second, reference(first)) == pytest.approx(expected, rel=1e-12)


def test_gaussians_that_do_not_commute():
    # In the plane, tr (AB)^½ = (tr AB + 2 (det AB)^½)^½.
    a, b = np.array([[2, 0.5], [0.5, 1]]), np.array([[1, -0.7], [-0.7, 3]])
    assert not np.allclose(a @ b, b @ a)
    overlap = math.sqrt(np.trace(a @ b) + 2 * math.sqrt(np.linalg.det(a @ b)))
    expected = 0.25 + np.trace(a) + np.trace(b) - 2 * overlap
    found = frechet_distance(population([0.5, 0], a), reference(population([0, 0], b)))
    assert found == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("n", [40, 65, 500])
def test_it_is_that_of_scipy_and_of_torch_fidelity(n):
    fake, real = normal(n, 64, seed=1, shift=0.1), normal(500, 64)
    theirs = fid_statistics_to_metric(*map(fid_features_to_statistics, (fake, real)), verbose=False)
    theirs = theirs[torch_fidelity.KEY_METRIC_FID]
    found = frechet_distance(moments(fake), reference(real))
    # Their eigenvalues that ought to be zero cost them digits where samples are few.
    assert found == pytest.approx(theirs, rel=1e-7 if n > 65 else 1e-5)
    assert frechet_distance_of(fake, reference(real)) == pytest.approx(found, rel=1e-8)
    if n > 65:
        assert found == pytest.approx(by_square_root(moments(fake), moments(real)), rel=1e-7)


def test_it_is_that_of_scipy_at_the_dimension_of_inception():
    # scipy's root of a product of this size takes most of a minute. This product is similar to
    # one of blocks, whose roots it takes in no time, by an orthogonal map that hides the blocks.
    blocks, size = 32, 64
    rng = np.random.default_rng(0)
    sides = [
        [part @ part.T / size for part in rng.normal(size=(blocks, size, size))] for _ in range(2)
    ]
    roots = [scipy.linalg.sqrtm(a @ b) for a, b in zip(*sides, strict=True)]
    expected = sum(np.trace(part) for side in sides for part in side)
    expected -= 2 * sum(np.trace(root).real for root in roots)
    # A reflection is orthogonal, and mixes all dimensions.
    axis = rng.normal(size=blocks * size)
    axis /= np.linalg.norm(axis)

    def hidden(parts):
        whole = scipy.linalg.block_diag(*parts)
        whole -= 2 * np.outer(axis, axis @ whole)
        return whole - 2 * np.outer(whole @ axis, axis)

    first, second = (population(np.zeros(blocks * size), hidden(side)) for side in sides)
    assert np.count_nonzero(first.covariance) == (blocks * size) ** 2
    assert frechet_distance(first, reference(second)) == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize(("n", "m"), [(2, 300), (30, 300), (300, 30), (30, 30), (128, 129)])
def test_fewer_samples_than_dimensions(n, m):
    fake, real = normal(n, 128, seed=1, shift=0.05), normal(m, 128)
    expected = by_singular_values(fake, real)
    found = reference(real)
    assert frechet_distance_of(fake, found) == pytest.approx(expected, rel=1e-8)
    assert frechet_distance(moments(fake), found) == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("n", [20, 300])
def test_features_that_repeat_one_another(n):
    # Null directions that no count of samples explains; rounding may weigh its square root.
    double = [torch.cat([side, side], dim=1) for side in (normal(n, 40, 1), normal(200, 40))]
    expected = 2 * by_singular_values(normal(n, 40, 1), normal(200, 40))
    assert frechet_distance_of(double[0], reference(double[1])) == pytest.approx(expected, rel=1e-5)


def test_a_single_constant_image():
    real = normal(100, 16)
    constant = normal(1, 16, seed=1).expand(50, 16)
    found = reference(real)
    shift = (constant[0] - real.mean(0)).square().sum()
    expected = float(shift + found.moments.covariance.trace())
    for few in (constant, constant[:10]):
        assert frechet_distance_of(few, found) == pytest.approx(expected, rel=1e-12)
    from_constant = reference(constant)
    assert frechet_distance_of(real, from_constant) == pytest.approx(expected, rel=1e-12)
    assert frechet_distance_of(constant, from_constant) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("n", [20, 65, 1000])
def test_a_sample_is_at_no_distance_from_itself_in_any_order(n):
    features = normal(n, 64)
    order = torch.from_numpy(np.random.default_rng(0).permutation(n))
    found = reference(features)
    size = float(found.moments.covariance.trace())
    for same in (features, features[order]):
        assert 0 <= frechet_distance_of(same, found) < 1e-9 * size
        assert 0 <= frechet_distance(moments(same), found) < 1e-9 * size


@pytest.mark.parametrize("n", [20, 200])
def test_the_order_of_samples_and_of_features_is_nothing(n):
    fake, real = normal(n, 64, 1), normal(300, 64)
    rows, columns = (
        torch.from_numpy(np.random.default_rng(0).permutation(size)) for size in (n, 64)
    )
    expected = frechet_distance_of(fake, reference(real))
    assert frechet_distance_of(fake[rows], reference(real)) == pytest.approx(expected, rel=1e-8)
    turned = frechet_distance_of(fake[:, columns], reference(real[:, columns]))
    assert turned == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("n", [20, 200])
@pytest.mark.parametrize("kind", [torch.float16, torch.float32])
def test_features_of_less_precision_are_summed_in_double(n, kind):
    # A mean of hundreds with a deviation of one, where single precision sums lose digits.
    fake, real = ((300 + normal(size, 32, size)).to(kind) for size in (n, 300))
    expected = frechet_distance_of(fake.double(), reference(real.double()))
    assert frechet_distance_of(fake, reference(real)) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e200])
@pytest.mark.parametrize("n", [10, 300])
def test_what_is_not_finite_is_infinitely_far(value, n):
    fake, real = normal(n, 16, 1), reference(normal(100, 16))
    fake[3, 5] = value
    assert frechet_distance_of(fake, real) == math.inf
    assert frechet_distance(moments(fake), real) == math.inf
    assert frechet_infinity(fake, real, np.random.default_rng(0)) == math.inf


def test_a_reference_must_be_finite():
    real = normal(100, 4)
    real[1, 1] = math.nan
    with pytest.raises(ValueError, match="not finite"):
        reference(real)


@pytest.mark.parametrize("function", [moments, reference])
def test_one_sample_has_no_covariance(function):
    with pytest.raises(ValueError, match="at least two samples, not 1"):
        function(normal(1, 4))
    with pytest.raises(ValueError, match="at least two samples, not 1"):
        frechet_distance_of(normal(1, 4), reference(normal(9, 4)))


def test_the_largest_floats_are_far_and_no_more():
    huge = torch.full((50, 4), torch.finfo(torch.float32).max)
    expected = 4 * float(huge[0, 0]) ** 2
    assert frechet_distance_of(huge, reference(normal(50, 4))) == pytest.approx(expected)


def extrapolations(spectrum, shift, n, repeats=30):
    """Plain and extrapolated distances of samples to the Gaussian that they are shifted from."""
    dimension = len(spectrum)
    truth = reference(population(np.zeros(dimension), np.diag(spectrum)))
    plain, extrapolated = [], []
    for seed in range(repeats):
        rng = np.random.default_rng(seed)
        sample = rng.normal(size=(n, dimension)) * np.sqrt(spectrum) + shift / math.sqrt(dimension)
        features = torch.from_numpy(sample)
        plain.append(frechet_distance_of(features, truth))
        extrapolated.append(frechet_infinity(features, truth, rng))
    return np.array(plain), np.array(extrapolated)


@pytest.mark.parametrize("power", [0, 1])
def test_extrapolation_removes_the_bias_of_few_samples(power):
    spectrum = (1 + np.arange(32.0)) ** -power
    plain, extrapolated = extrapolations(spectrum, shift=0.8, n=320)
    excess = bias(spectrum, 320)
    assert plain.mean() - 0.64 == pytest.approx(excess, rel=0.15)
    assert abs(extrapolated.mean() - 0.64) < 0.15 * excess
    # Not on average alone.
    assert np.mean(np.abs(extrapolated - 0.64) < np.abs(plain - 0.64)) > 0.8
    assert np.median(np.abs(extrapolated - 0.64)) < 0.5 * np.median(np.abs(plain - 0.64))


def test_extrapolation_leaves_the_bias_of_the_real_side():
    spectrum = np.ones(32)
    rng = np.random.default_rng(0)
    found = [
        frechet_infinity(
            torch.from_numpy(rng.normal(size=(640, 32))),
            reference(torch.from_numpy(rng.normal(size=(320, 32)))),
            rng,
        )
        for _ in range(20)
    ]
    assert np.mean(found) == pytest.approx(bias(spectrum, 320), rel=0.2)


def test_extrapolation_is_exact_where_the_distance_is_a_line():
    # Constant samples have the same distance at every size.
    features = torch.ones(100, 3, dtype=torch.float64)
    found = frechet_infinity(features, reference(torch.zeros(9, 3)), np.random.default_rng(0))
    assert found == pytest.approx(3, rel=1e-12)


def test_extrapolation_repeats_and_follows_its_stream():
    features, real = normal(200, 16, 1, shift=0.5), reference(normal(300, 16))
    first, again, other = (
        frechet_infinity(features, real, np.random.default_rng(seed)) for seed in (0, 0, 1)
    )
    assert first == again != other
    assert first == pytest.approx(other, rel=0.2)


def test_extrapolation_is_the_intercept_of_a_weighted_line():
    features, real = normal(300, 16, 1), reference(normal(300, 16))
    sizes, rng = np.linspace(80, 300, 5).astype(int), np.random.default_rng(3)
    values = [frechet_distance_of(features[rng.permutation(300)[:size]], real) for size in sizes]
    # The normal equations, Xᵀ W X b = Xᵀ W y.
    design, weights = np.stack([np.ones(5), 1 / sizes], axis=1), np.diag(sizes)
    expected = np.linalg.solve(design.T @ weights @ design, design.T @ weights @ values)[0]
    found = frechet_infinity(features, real, np.random.default_rng(3), points=5)
    assert found == pytest.approx(expected, rel=1e-6)


def test_few_samples_take_small_problems(monkeypatch):
    sizes = []
    eigenvalues = torch.linalg.eigvalsh

    def noted(matrix):
        sizes.append(len(matrix))
        return eigenvalues(matrix)

    monkeypatch.setattr(torch.linalg, "eigvalsh", noted)
    real = reference(normal(60, 64))
    assert math.isfinite(frechet_infinity(normal(80, 64, 1), real, np.random.default_rng(0), 5))
    assert sizes == [40, 50, 60, 64, 64]
    frechet_distance_of(normal(9, 64), real)
    frechet_distance_of(normal(99, 64), real)
    assert sizes[5:] == [9, 64]


@pytest.mark.parametrize(("n", "points"), [(2, 15), (100, 1)])
def test_a_line_needs_two_sizes(n, points):
    with pytest.raises(ValueError, match="no line to extrapolate"):
        frechet_infinity(normal(n, 4), reference(normal(9, 4)), np.random.default_rng(0), points)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("n", [20, 300])
def test_a_gpu_gives_the_same(n):
    fake, real = normal(n, 64, 1), normal(200, 64)
    expected = frechet_distance_of(fake, reference(real))
    on_gpu = reference(real.cuda())
    assert on_gpu.root.is_cuda
    for side in (fake, fake.cuda()):
        assert frechet_distance_of(side, on_gpu) == pytest.approx(expected, rel=1e-10)
        assert frechet_distance(moments(side), on_gpu) == pytest.approx(expected, rel=1e-10)
