"""Nearest-neighbour metrics against loops, examples made by hand, and what they must say."""

import math

import numpy as np
import pytest
import torch

from bench.metrics import neighbours
from bench.metrics.neighbours import density_coverage, memorisation, neighbourhood, radii

WORST = {"near_copies": 1.0, "authenticity": 0.0, "nearest_ratio": math.inf}


def normal(n, dimension, seed=0, centre=0.0):
    drawn = np.random.default_rng(seed).normal(size=(n, dimension)) + centre
    return torch.from_numpy(drawn).float()


def column(*values):
    return torch.tensor(values, dtype=torch.float32)[:, None]


def distance(x, y):
    return math.sqrt(sum((float(a) - float(b)) ** 2 for a, b in zip(x, y, strict=True)))


def loop_radii(real, k):
    others = ([y for j, y in enumerate(real) if j != i] for i in range(len(real)))
    return [
        sorted(distance(x, y) for y in rest)[k - 1] for x, rest in zip(real, others, strict=True)
    ]


def loop_density_coverage(fake, real, k):
    balls = loop_radii(real, k)
    inside = [[distance(x, y) < ball for x in fake] for y, ball in zip(real, balls, strict=True)]
    return {
        "density": sum(map(sum, inside)) / (k * len(fake)),
        "coverage": sum(map(any, inside)) / len(real),
    }


def loop_memorisation(fake, train, held_out):
    fresh = [min(distance(x, y) for y in train) for x in held_out]
    found = [min((distance(x, y), j) for j, y in enumerate(train)) for x in fake]
    own = loop_radii(train, 1)
    near = np.quantile(fresh, 0.01)
    return {
        "near_copies": np.mean([d <= near for d, _ in found]),
        "authenticity": np.mean([d > own[j] for d, j in found]),
        "nearest_ratio": np.median([d for d, _ in found]) / np.median(fresh),
    }


@pytest.fixture(params=[(1024, 1024), (7, 5)], ids=["one tile", "many tiles"])
def _tiles(request, monkeypatch):
    rows, columns = request.param
    monkeypatch.setattr(neighbours, "ROWS", rows)
    monkeypatch.setattr(neighbours, "COLUMNS", columns)


@pytest.mark.usefixtures("_tiles")
@pytest.mark.parametrize("k", [1, 3, 5])
@pytest.mark.parametrize("dimension", [1, 3, 20])
def test_density_and_coverage_are_what_loops_find(k, dimension):
    fake, real = normal(23, dimension, 1, centre=0.4), normal(31, dimension)
    assert torch.allclose(radii(real, k), torch.tensor(loop_radii(real, k), dtype=torch.float64))
    expected = loop_density_coverage(fake, real, k)
    assert 0 < expected["coverage"] <= 1
    assert density_coverage(fake, real, k) == pytest.approx(expected, rel=1e-12)
    cached = density_coverage(fake, real, k, radii(real, k))
    assert cached == pytest.approx(expected, rel=1e-12)


@pytest.mark.usefixtures("_tiles")
@pytest.mark.parametrize("dimension", [1, 3, 20])
def test_memorisation_is_what_loops_find(dimension):
    train, held_out = normal(31, dimension), normal(19, dimension, 2)
    fake = torch.cat([train[:4], train[8:12] + 0.01, normal(15, dimension, 1)])
    expected = loop_memorisation(fake, train, held_out)
    assert 0 < expected["near_copies"] < 1
    assert 0 < expected["authenticity"] < 1
    assert memorisation(fake, neighbourhood(train, held_out)) == pytest.approx(expected, rel=1e-6)


def test_density_and_coverage_by_hand():
    real = column(0, 1, 2, 11)
    assert radii(real, 2).tolist() == pytest.approx([2, 1, 2, 10])
    # 1.5 lies in the first three balls and in the last, 2.5 in the third and the last, 30 in none.
    found = density_coverage(column(1.5, 2.5, 30), real, k=2)
    assert found == pytest.approx({"density": 6 / (2 * 3), "coverage": 1})
    # 3 lies in the third (1 < 2) and the last (8 < 10).
    assert density_coverage(column(3), real, k=2) == {"density": 1.0, "coverage": 0.5}


def test_what_is_on_the_sphere_is_outside():
    real = normal(200, 64, centre=5.0)
    # Of copies of all real samples, each ball has its centre and k − 1 neighbours inside, and the
    # k-th on its sphere.
    for k in (1, 3, 5):
        found = density_coverage(real, real, k)
        assert found == {"density": 1.0, "coverage": 1.0}
        turned = torch.from_numpy(np.random.default_rng(0).permutation(200))
        assert density_coverage(real[turned], real, k) == found


def test_truth_is_dense_and_covered():
    real, fake = normal(1500, 4), normal(1500, 4, 1)
    found = density_coverage(fake, real)
    assert found["density"] == pytest.approx(1, abs=0.05)
    # The k nearest, of both samples together, are all real ones with probability 2⁻ᵏ.
    assert found["coverage"] == pytest.approx(1 - 2**-5, abs=0.02)
    half = density_coverage(fake[fake[:, 0] > 0], real)
    assert half["density"] == pytest.approx(1, abs=0.1)
    # Half, and neighbourhoods that reach across.
    assert 0.5 < half["coverage"] < 0.65


def test_far_away_is_neither():
    found = density_coverage(normal(50, 3, 1, centre=100), normal(60, 3))
    assert found == {"density": 0.0, "coverage": 0.0}


def test_a_real_sample_with_k_duplicates_is_never_covered():
    real = torch.cat([column(0).expand(4, 1), column(10, 11, 12, 14)])
    assert radii(real, 3).tolist() == pytest.approx([0, 0, 0, 0, 4, 3, 2, 4])
    assert density_coverage(column(0), real, k=3) == {"density": 0.0, "coverage": 0.0}


def test_a_sample_is_no_neighbour_of_itself_and_needs_k_others():
    with pytest.raises(ValueError, match="neighbour 5 of each sample needs more samples than 5"):
        radii(normal(5, 2))
    with pytest.raises(ValueError, match="needs more samples than 3"):
        density_coverage(normal(9, 2), normal(3, 2), k=3)


@pytest.mark.parametrize("offset", [0.0, 1e3])
@pytest.mark.parametrize("dimension", [64, 2048])
def test_duplicates_are_at_distance_zero(offset, dimension):
    # Single precision products would put these at 1e-3 of their length, or at its root's NaN.
    train = normal(60, dimension, centre=offset)
    real = neighbourhood(torch.cat([train, train[:20]]), train[5:6] + 1)
    assert torch.equal(real.own == 0, torch.arange(80).lt(20) | torch.arange(80).ge(60))
    found = memorisation(train.flip(0), real)
    assert found == {"near_copies": 1.0, "authenticity": 0.0, "nearest_ratio": 0.0}


def test_nearly_duplicates_are_told_from_copies():
    train = normal(60, 64)
    moved = train.clone()
    moved[:, 0] += 1e-4
    real = neighbourhood(train, normal(60, 64, 1))
    expected = float((moved - train)[:, 0].double().median()) / real.median
    assert memorisation(moved, real)["nearest_ratio"] == pytest.approx(expected, rel=1e-3)


def test_memorisation_by_hand():
    # Training samples' own distances: 1, 1, 4 and 4; held-out ones' 0.5, 1 and 1.5.
    real = neighbourhood(column(0, 1, 5, 9), column(-0.5, 2, 6.5))
    assert real.own.tolist() == pytest.approx([1, 1, 4, 4])
    assert (real.near, real.median) == pytest.approx((0.51, 1))
    # Distances 0.5 (own 1), 2 (own 1, authentic), 4.5 (own 4, authentic), 3 (own 4).
    found = memorisation(column(0.5, -2, 13.5, 12), real)
    assert found == pytest.approx(
        {"near_copies": 0.25, "authenticity": 0.5, "nearest_ratio": 2.5}, rel=1e-9
    )


def test_as_far_as_the_neighbour_is_not_authentic():
    # Pairs far apart, and a generated sample on the other side of one of each, all in whole
    # numbers: the two distances are the same, and their rounding is not.
    rng = np.random.default_rng(0)
    pairs, steps = (rng.integers(-size, size, (200, 8)) for size in (10_000, 9))
    first, second, other = (torch.from_numpy(pairs + k * steps).float() for k in (0, 1, -1))
    real = neighbourhood(torch.cat([first, second]), first + 0.5)
    assert memorisation(other, real)["authenticity"] == 0
    assert memorisation(other - 1e-2 * (first - other), real)["authenticity"] == 1


def test_copies_are_found_out_and_truth_is_not():
    train, held_out, fresh = (normal(n, 8, seed) for seed, n in enumerate((2000, 2000, 4000)))
    real = neighbourhood(train, held_out)
    copied = memorisation(train[:500], real)
    assert copied == {"near_copies": 1.0, "authenticity": 0.0, "nearest_ratio": 0.0}
    blurred = memorisation(train[:500] + 0.01 * normal(500, 8, 5), real)
    assert blurred["near_copies"] > 0.99
    assert blurred["authenticity"] < 0.01
    assert 0 < blurred["nearest_ratio"] < 0.1
    truth = memorisation(fresh, real)
    assert truth["near_copies"] == pytest.approx(0.01, abs=0.006)
    assert truth["authenticity"] == pytest.approx(
        memorisation(held_out, real)["authenticity"], abs=0.05
    )
    assert truth["nearest_ratio"] == pytest.approx(1, abs=0.03)


def test_copies_count_even_where_held_out_samples_are_copies():
    train = normal(50, 3)
    real = neighbourhood(train, torch.cat([train[:20], normal(10, 3, 1)]))
    assert (real.near, real.median) == (0, 0)
    found = memorisation(torch.cat([train[:30], normal(10, 3, 2)]), real)
    assert found["near_copies"] == 0.75
    assert found["nearest_ratio"] == 1
    assert memorisation(normal(10, 3, 2), real)["nearest_ratio"] == math.inf


@pytest.mark.usefixtures("_tiles")
def test_the_order_of_samples_is_nothing():
    fake, train, held_out = (normal(40, 6, seed) for seed in range(3))
    order = torch.from_numpy(np.random.default_rng(0).permutation(40))
    expected = memorisation(fake, neighbourhood(train, held_out))
    turned = memorisation(fake[order], neighbourhood(train[order], held_out[order]))
    assert turned == pytest.approx(expected, rel=1e-12)
    assert density_coverage(fake[order], train[order]) == density_coverage(fake, train)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_worst(value):
    real, fake = normal(30, 3), normal(20, 3, 1)
    broken = fake.clone()
    broken[7, 1] = value
    assert density_coverage(broken, real) == {"density": 0.0, "coverage": 0.0}
    assert memorisation(broken, neighbourhood(real, fake)) == WORST
    with pytest.raises(ValueError, match="not finite"):
        neighbourhood(real, broken)
    with pytest.raises(ValueError, match="not finite"):
        neighbourhood(broken, real)


def test_real_samples_must_be_there():
    with pytest.raises(ValueError, match="not 1 and 5"):
        neighbourhood(normal(1, 3), normal(5, 3))
    with pytest.raises(ValueError, match="not 5 and 0"):
        neighbourhood(normal(5, 3), normal(0, 3))


def test_the_largest_floats_are_far_away_and_no_more():
    huge, real = torch.full((9, 3), torch.finfo(torch.float32).max), normal(30, 3)
    assert density_coverage(huge, real) == {"density": 0.0, "coverage": 0.0}
    found = memorisation(huge, neighbourhood(real, real + 0.1))
    assert found["near_copies"] == 0
    assert found["authenticity"] == 1
    assert 1e38 < found["nearest_ratio"] < math.inf


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_gives_the_same():
    fake, train, held_out = (normal(300, 32, seed) for seed in range(3))
    expected = memorisation(fake, neighbourhood(train, held_out)) | density_coverage(fake, train)
    train = train.cuda()
    for side in (fake, fake.cuda()):
        found = memorisation(side, neighbourhood(train, held_out)) | density_coverage(side, train)
        assert found == pytest.approx(expected, rel=1e-12)
