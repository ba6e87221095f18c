"""Kernel distances against closed forms, brute force and what unbiasedness says."""

import numpy as np
import pytest

from bench.datasets.base import Mixture
from bench.metrics.kernels import Reference
from bench.store import shipped as load

BANDWIDTHS = (0.3, 1.0, 2.5)


def normal(n, seed, shift=0.0, scale=1.0, dimension=2):
    return shift + scale * np.random.default_rng(seed).normal(size=(n, dimension))


def reference(m=400, seed=0, **settings):
    """Return one of standard normal points, with the bandwidths above."""
    points, first, second = (normal(m, [seed, part], **settings) for part in range(3))
    made = Reference.of(points, (first, second), 1.0)
    return replaced(made, first, second)


def replaced(made, first, second):
    """Return a reference with the bandwidths above, its constants by brute force."""
    parts = ((made.points, first, 1), (made.points, second, 1), (first, second, -1))
    constants = [
        sum(sign * every(kernel, x, y).mean() for x, y, sign in parts)
        for kernel in (gaussian, negative)
    ]
    return Reference(made.points, BANDWIDTHS, tuple(map(float, constants)))


def gaussian(a, b):
    square = np.square(a - b).sum(axis=-1)
    return sum(np.exp(-square / (2 * width**2)) for width in BANDWIDTHS)


def negative(a, b):
    return -np.sqrt(np.square(a - b).sum(axis=-1))


def every(kernel, x, y):
    return kernel(x[:, None], y[None])


def expected_gaussian(square, variance, dimension=2):
    """Return E k(x, y) where x − y is normal with this variance and squared mean."""
    return sum(
        (width**2 / (width**2 + variance)) ** (dimension / 2)
        * np.exp(-square / (2 * (width**2 + variance)))
        for width in BANDWIDTHS
    )


def test_it_is_what_the_definition_says():
    points, first, second, x = (normal(n, n) for n in (12, 13, 14, 15))
    made = replaced(Reference.of(points, (first, second), 1.0), first, second)
    values = made.discrepancies(x)
    for name, kernel, constant in zip(
        ("mmd", "energy"), (gaussian, negative), made.constants, strict=True
    ):
        own = np.mean([kernel(x[i], x[j]) for i in range(15) for j in range(15) if i != j])
        across = np.mean([kernel(a, b) for a in x for b in points])
        # Kernels are taken in single precision.
        assert values[name] == pytest.approx(own - 2 * across + constant, abs=1e-6)


def test_constants_and_bandwidths_are_those_of_the_definition():
    points, first, second = (normal(20, seed) for seed in range(3))
    made = Reference.of(points, (first, second), np.sqrt(2) * 0.1)
    distances = [np.linalg.norm(points[i] - points[j]) for i in range(20) for j in range(i)]
    median = np.median(distances)
    assert made.bandwidths == pytest.approx((0.1, 0.3, median / 2, median, 2 * median))

    def kernel(a, b):
        square = np.square(a - b).sum(axis=-1)
        return sum(np.exp(-square / (2 * width**2)) for width in made.bandwidths)

    for constant, k in zip(made.constants, (kernel, negative), strict=True):
        means = (every(k, points, first), every(k, points, second), -every(k, first, second))
        assert constant == pytest.approx(sum(mean.mean() for mean in means), abs=1e-6)


@pytest.mark.parametrize(("shift", "scale"), [(0.0, 1.0), (1.0, 1.0), (0.5, 2.0)])
def test_it_has_no_bias(shift, scale):
    """Averaged over samples and references, MMD² is its closed form for two Gaussians."""
    values = [
        reference(60, seed).discrepancies(normal(30, [seed, 9], shift, scale))
        for seed in range(300)
    ]
    square = 2 * shift**2
    mmd = (
        expected_gaussian(0, 2)
        + expected_gaussian(0, 2 * scale**2)
        - 2 * expected_gaussian(square, 1 + scale**2)
    )
    found = np.array([value["mmd"] for value in values])
    assert found.mean() == pytest.approx(mmd, abs=4 * found.std() / np.sqrt(len(found)))
    # E|x| of a normal in the plane is a Rayleigh mean; that of a shifted one is simulated.
    if not shift:
        energy = np.array([value["energy"] for value in values])
        rayleigh = np.sqrt(np.pi / 2)
        mean = rayleigh * (2 * np.sqrt(1 + scale**2) - np.sqrt(2) - np.sqrt(2) * scale)
        assert energy.mean() == pytest.approx(mean, abs=4 * energy.std() / np.sqrt(len(energy)))


def test_energy_in_one_dimension_is_scipys():
    from scipy.stats import energy_distance

    x, points = normal(900, 0, 1.0, dimension=1), normal(900, 1, dimension=1)
    others = (normal(900, 2, dimension=1), normal(900, 3, dimension=1))
    ours = Reference.of(points, others, 1.0).discrepancies(x)["energy"]
    # Theirs is the root, and biased by 1/n: it takes means over pairs of a point with itself.
    assert ours == pytest.approx(energy_distance(x[:, 0], points[:, 0]) ** 2, abs=0.03)


@pytest.mark.parametrize("name", ["ring8", "grid25", "swiss-roll", "random-k", "anisotropic"])
def test_the_truth_scores_nothing_against_one_stratified_reference(name):
    """With the mean over pairs of the reference, they would be 1.3 to 3 deviations below 0."""
    mixture, rng = load(name), np.random.default_rng(0)
    points, first, second = (mixture.stratified(200, rng) for _ in range(3))
    made = Reference.of(points, (first, second), mixture.spread)
    draws = [made.discrepancies(mixture.sample(200, rng)) for _ in range(200)]
    for metric in ("mmd", "energy"):
        values = np.array([draw[metric] for draw in draws])
        # What is left is of second order in the noise of the reference.
        assert abs(values.mean()) < 0.5 * values.std()


def test_both_see_a_missing_mode_and_mmd_sees_twice_the_deviation():
    ring, rng = load("ring8"), np.random.default_rng(0)
    wide = Mixture("wide", ring.means, 2 * ring.std)
    points, first, second = (ring.stratified(500, rng) for _ in range(3))
    made = Reference.of(points, (first, second), ring.spread)
    real, missing, blurred = (
        [made.discrepancies(mixture.sample(500, rng)) for _ in range(8)]
        for mixture in (ring, ring.without(1), wide)
    )
    for metric in ("mmd", "energy"):
        assert max(v[metric] for v in real) < min(v[metric] for v in missing)
    assert np.mean([v["mmd"] for v in real]) + 0.02 < np.mean([v["mmd"] for v in blurred])


@pytest.mark.parametrize("scale", [1e-20, 1e20])
def test_it_scales_with_the_data(scale):
    points, first, second, x = (normal(50, seed, seed == 3) for seed in range(4))
    plain = Reference.of(points, (first, second), 0.1).discrepancies(x)
    scaled = Reference.of(scale * points, (scale * first, scale * second), scale * 0.1)
    found = scaled.discrepancies(scale * x)
    assert found["mmd"] == pytest.approx(plain["mmd"], rel=1e-5)
    assert found["energy"] / scale == pytest.approx(plain["energy"], rel=1e-9)


def test_order_does_not_matter():
    made, x = reference(50), normal(50, 7)
    assert made.discrepancies(x[::-1]) == pytest.approx(made.discrepancies(x), rel=1e-9)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_point_that_is_not_finite_is_infinitely_far(value):
    broken = normal(10, 0).astype(np.float32)
    broken[3, 1] = value
    assert reference(20).discrepancies(broken) == {"mmd": np.inf, "energy": np.inf}


def test_the_largest_floats_are_far_away_and_no_more():
    huge = np.full((50, 2), np.finfo(np.float32).max, dtype=np.float32)
    found = reference(50).discrepancies(huge)
    # All at one point: E k(q, q) is the kernel's peak.
    assert 3 < found["mmd"] < 6
    assert found["energy"] == pytest.approx(2 * np.sqrt(2) * float(huge[0, 0]))
