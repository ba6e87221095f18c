"""True values against closed forms, published numbers, duals and samples."""

import numpy as np
import pytest
from scipy import stats

from bench.calibration.density import gaussian, mixture
from bench.calibration.divergences import DIVERGENCES, alpha_divergence
from bench.calibration.pairs import PAIRS, Pair

KL, REVERSE, JSD = (
    "Kullback-Leibler divergence",
    "reverse Kullback-Leibler divergence",
    "Jensen-Shannon divergence",
)
HELLINGER, TV = "squared Hellinger distance", "total variation distance"
PEARSON, NEYMAN = "Pearson chi-squared divergence", "Neyman chi-squared divergence"
LE_CAM = "Vincze-Le Cam divergence"
PRODUCTS = "Jensen-Shannon divergence between p⊗q and q⊗p"
W1 = "1-Wasserstein distance"

each_pair = pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)


def couple(p, q):
    return Pair("pair", "pair", p, q, (np.zeros(p.dimension), np.ones(p.dimension)))


def value(name, pair):
    return DIVERGENCES[name](pair).value


def close(expected, rel=1e-6):
    return pytest.approx(expected, rel=rel, abs=1e-12)


def swapped(pair):
    return couple(pair.q, pair.p)


TWO_MODES = mixture((0.5, gaussian(-2, 0.25)), (0.5, gaussian(2, 0.25)))
# KL(p‖q), KL(q‖p), JSD, ∫p²/q − 1, ∫q²/p − 1, ∫(√p − √q)², TV, ∫(p − q)²/(p + q), W₁: six digits
# of an independent quadrature.
TABLE = {
    "shift": (
        couple(gaussian(0, 1), gaussian(1, 1)),
        (0.5, 0.5, 0.111421, 1.718282, 1.718282, 0.235006, 0.382925, 0.408109, 1),
    ),
    "wider": (
        couple(gaussian(0, 1), gaussian(0, 4)),
        (0.318147, 0.806853, 0.092733, 0.511858, np.inf, 0.211146, 0.322675, 0.319964, 0.797885),
    ),
    "narrower": (
        couple(gaussian(0, 1), gaussian(0, 0.25)),
        (0.806853, 0.318147, 0.092733, np.inf, 0.511858, 0.211146, 0.322675, 0.319964, 0.398942),
    ),
    "far": (
        couple(gaussian(0, 1), gaussian(3, 1)),
        (4.5, 4.5, 0.526777, 8102.08, 8102.08, 1.350695, 0.866386, 1.605515, 3),
    ),
    "two modes": (
        couple(TWO_MODES, gaussian(0, 4)),
        (0.724491, 2.020, 0.201078, 1.407470, np.inf, 0.470395, 0.515350, 0.674574, 0.733692),
    ),
    "missing mode": (
        couple(TWO_MODES, gaussian(2, 0.25)),
        (15.307, 0.693054, 0.215728, 1.6e27, 0.999902, 0.585563, 0.499968, 0.666592, 2),
    ),
    "shift and wider": (
        couple(gaussian(0, 1), gaussian(1, 4)),
        (0.443147, 1.306853, 0.128175, 0.744026, np.inf, 0.298389, 0.390066, 0.434965, 1.166631),
    ),
}
COLUMNS = (KL, REVERSE, JSD, PEARSON, NEYMAN, HELLINGER, TV, LE_CAM, W1)


@pytest.mark.parametrize("row", TABLE)
def test_the_table_of_known_values(row):
    pair, expected = TABLE[row]
    for name, number in zip(COLUMNS, expected, strict=True):
        # Half a unit of the last digit that is given.
        relative = {1.6e27: 0.05, 2.020: 3e-4, 15.307: 4e-5}.get(number, 1.5e-6)
        assert value(name, pair) == pytest.approx(number, rel=relative, abs=6e-7), name


COVARIANCE = np.array([[2.0, 0.9], [0.9, 1.0]])


@pytest.mark.parametrize("delta", [0.5, 1.0, 3.0])
@pytest.mark.parametrize("dimension", [1, 2])
def test_a_shift_depends_on_the_mahalanobis_distance_alone(delta, dimension):
    covariance = COVARIANCE[:dimension, :dimension]
    direction = np.array([1.0, -2.0])[:dimension]
    length = np.sqrt(direction @ np.linalg.solve(covariance, direction))
    shift = direction * delta / length
    pair = couple(gaussian(np.ones(dimension), covariance), gaussian(1 + shift, covariance))
    assert value(KL, pair) == close(delta**2 / 2)
    assert value(REVERSE, pair) == close(delta**2 / 2)
    assert value(PEARSON, pair) == close(np.expm1(delta**2))
    assert value(NEYMAN, pair) == close(np.expm1(delta**2))
    assert value(HELLINGER, pair) == close(2 * (1 - np.exp(-(delta**2) / 8)))
    assert value(TV, pair) == close(2 * stats.norm.cdf(delta / 2) - 1)
    assert value(W1, pair) == close(np.linalg.norm(shift))
    # The others are those of N(0, 1) and N(δ, 1).
    line = couple(gaussian(0, 1), gaussian(delta, 1))
    for name in (JSD, LE_CAM, PRODUCTS):
        assert value(name, pair) == close(value(name, line))


@pytest.mark.parametrize("s", [0.8, 1.3, 2.0])
def test_a_change_of_scale(s):
    pair = couple(gaussian(0, 1), gaussian(0, s**2))
    assert value(KL, pair) == close(np.log(s) + 1 / (2 * s**2) - 0.5)
    assert value(PEARSON, pair) == close(s**2 / np.sqrt(2 * s**2 - 1) - 1)
    assert value(HELLINGER, pair) == close(2 - 2 * np.sqrt(2 * s / (1 + s**2)))
    # The densities cross at ±x.
    x = np.sqrt(2 * np.log(s) / (1 - s**-2))
    inside = 2 * stats.norm.cdf(x), 2 * stats.norm.cdf(x / s)
    assert value(TV, pair) == close(abs(inside[0] - inside[1]))
    assert value(W1, pair) == close(abs(s - 1) * np.sqrt(2 / np.pi))


@pytest.mark.parametrize("s", [0.8, 1.3, 2.0])
def test_a_change_of_scale_in_the_plane(s):
    centre = [1.0, -2.0]
    pair = couple(gaussian(centre, np.eye(2)), gaussian(centre, s**2 * np.eye(2)))
    # Radii are Rayleigh; the densities cross at radius r.
    squared = 4 * np.log(s) / (1 - s**-2)
    assert value(TV, pair) == close(
        abs(np.exp(-squared / 2) - np.exp(-squared / (2 * s**2))), rel=1e-5
    )
    assert value(W1, pair) == close(abs(s - 1) * np.sqrt(np.pi / 2))


GAUSSIANS = {
    "line": (gaussian(0.5, 1), gaussian(-0.5, 1.6)),
    "line, narrower": (gaussian(0.5, 1), gaussian(0, 0.7)),
    "plane": (gaussian([0.3, 0], COVARIANCE), gaussian([0, 1], [[1.5, 0.2], [0.2, 1.2]])),
    "plane, rotated": (PAIRS["rotated-2d"].p, PAIRS["rotated-2d"].q),
}


@pytest.mark.parametrize("case", GAUSSIANS)
def test_kullback_leibler_of_gaussians(case):
    p, q = GAUSSIANS[case]
    a, b, shift = p.covariances[0], q.covariances[0], q.means[0] - p.means[0]
    inverse = np.linalg.inv(b)
    expected = 0.5 * (
        np.trace(inverse @ a)
        + shift @ inverse @ shift
        - len(shift)
        + np.log(np.linalg.det(b) / np.linalg.det(a))
    )
    assert value(KL, couple(p, q)) == close(expected)
    assert value(REVERSE, couple(q, p)) == close(expected)


@pytest.mark.parametrize("alpha", [-1.0, -0.4, 0.2, 0.5, 0.9, 1.3, 2.0])
@pytest.mark.parametrize("case", GAUSSIANS)
def test_alpha_divergence_of_gaussians(case, alpha):
    """By ∫p^α q^(1−α), finite where αΣ_q + (1 − α)Σ_p is positive definite (Gil et al. 2013)."""
    p, q = GAUSSIANS[case]
    a, b, shift = p.covariances[0], q.covariances[0], q.means[0] - p.means[0]
    between = alpha * b + (1 - alpha) * a
    found = alpha_divergence(couple(p, q), alpha).value
    if np.linalg.eigvalsh(between).min() <= 0:
        assert found == np.inf
        return
    volume = np.linalg.det(a) ** (1 - alpha) * np.linalg.det(b) ** alpha / np.linalg.det(between)
    exponent = alpha * (1 - alpha) / 2 * shift @ np.linalg.solve(between, shift)
    power = np.sqrt(volume) * np.exp(-exponent)
    assert found == close((power - 1) / (alpha * (alpha - 1)))


def test_both_kinds_of_gaussians_are_met_above():
    """Some α-divergences there are infinite, most are not."""
    infinite = [alpha_divergence(couple(*x), 2.0).value == np.inf for x in GAUSSIANS.values()]
    assert infinite == [False, False, False, True]


@each_pair
def test_members_of_the_alpha_family(pair):
    for name, alpha, factor in [
        (KL, 1, 1),
        (REVERSE, 0, 1),
        (HELLINGER, 0.5, 0.5),
        (PEARSON, 2, 2),
        (NEYMAN, -1, 2),
    ]:
        truth = DIVERGENCES[name](pair)
        assert truth.value == close(factor * alpha_divergence(pair, alpha).value)
    assert alpha_divergence(pair, 1 + 1e-4).value == close(value(KL, pair), rel=1e-2)
    assert alpha_divergence(pair, -1e-4).value == close(value(REVERSE, pair), rel=1e-2)


def test_infinite_are_the_chi_squared_divergences_of_tails_too_heavy():
    infinite = {
        (name, pair.name)
        for pair in PAIRS.values()
        for name in (KL, REVERSE, PEARSON, NEYMAN)
        if not np.isfinite(value(name, pair))
    }
    assert infinite == {
        (NEYMAN, "scale-1d"),
        (NEYMAN, "modes-1d"),
        (NEYMAN, "scale-2d"),
        (PEARSON, "rotated-2d"),
        (NEYMAN, "rotated-2d"),
    }


@each_pair
def test_swapping_p_and_q(pair):
    other = swapped(pair)
    for name in (JSD, HELLINGER, TV, LE_CAM, PRODUCTS, W1):
        assert value(name, pair) == close(value(name, other), rel=1e-5)
    assert value(KL, pair) == close(value(REVERSE, other))
    assert value(PEARSON, pair) == close(value(NEYMAN, other))


@each_pair
def test_inequalities_between_divergences(pair):
    kl, jsd, hellinger, tv, le_cam, pearson, products = (
        value(name, pair) for name in (KL, JSD, HELLINGER, TV, LE_CAM, PEARSON, PRODUCTS)
    )
    assert 0 < hellinger / 2 <= tv <= np.sqrt(hellinger * (1 - hellinger / 4)) <= 1
    assert tv <= np.sqrt(kl / 2)
    assert kl <= np.log1p(pearson)
    assert hellinger <= le_cam <= 2 * hellinger
    assert le_cam / 4 <= jsd <= le_cam * np.log(2) / 2 <= np.log(2)
    # One factor of the products alone tells less than both, and both less than two copies.
    assert jsd <= products <= min(2 * jsd, np.log(2))


@pytest.mark.parametrize("name", DIVERGENCES)
@pytest.mark.parametrize("dimension", [1, 2])
def test_equal_distributions_are_at_distance_zero(name, dimension):
    density = PAIRS[f"weights-{dimension}d"].p
    assert value(name, couple(density, density)) == pytest.approx(0, abs=1e-7)


@pytest.mark.parametrize("pair", ["shift-1d", "scale-bounded-1d", "weights-1d"])
def test_duals_attain_the_divergences(pair):
    """sup E_p T − E_q f*(T), with T and f* as in Nowozin et al. 2016 and for the other games."""
    pair = PAIRS[pair]
    x = np.linspace(-35, 35, 700_001)
    dx = x[1] - x[0]

    def density(y):
        parts = zip(y.weights, y.means[:, 0], y.covariances[:, 0, 0], strict=True)
        return sum(w * stats.norm(m, np.sqrt(v)).pdf(x) for w, m, v in parts)

    # Farther out densities underflow, and their quotient is no number.
    p, q = density(pair.p), density(pair.q)
    kept = np.minimum(p, q) > 1e-150
    p, q = p[kept], q[kept]
    u = p / q

    def dual(t, conjugate):
        return ((p * t - q * conjugate) * dx).sum()

    attained = {
        KL: dual(1 + np.log(u), u),
        REVERSE: dual(-1 / u, -1 - np.log(1 / u)),
        PEARSON: dual(2 * (u - 1), (u - 1) ** 2 + 2 * (u - 1)),
        NEYMAN: dual(1 - u**-2, 2 - 2 / u),
        HELLINGER: dual(1 - u**-0.5, np.sqrt(u) - 1),
        TV: dual(np.sign(u - 1) / 2, np.sign(u - 1) / 2),
        JSD: dual(np.log(2 * u / (1 + u)), -np.log(2 - 2 * u / (1 + u))) / 2,
        # The least-squares game with targets 1 and −1: ∫p + q minus the least loss.
        LE_CAM: 2 - ((p * (2 * q) ** 2 + q * (2 * p) ** 2) / (p + q) ** 2 * dx).sum(),
    }
    for name, number in attained.items():
        assert value(name, pair) == close(number, rel=1e-5), name


@pytest.mark.parametrize("pair", [pair for pair in PAIRS.values() if pair.dimension == 1])
def test_divergence_of_the_products_by_quadrature_over_pairs(pair):
    x = np.linspace(-25, 25, 2001)
    log_p, log_q = (y.log_density(x[:, None]) for y in (pair.p, pair.q))
    first = log_p[:, None] + log_q
    second = first.T
    middle = np.logaddexp(first, second) - np.log(2)
    integrand = np.exp(first) * (first - middle) + np.exp(second) * (second - middle)
    expected = integrand.sum() * (x[1] - x[0]) ** 2 / 2
    assert value(PRODUCTS, pair) == close(expected)


def test_a_rotated_gaussian_is_a_product_of_a_change_of_scale():
    """Along its axes it is N(0, 1.6)⊗N(0, 0.4) against N(0, 0.4)⊗N(0, 1.6)."""
    scale = couple(gaussian(0, 1.6), gaussian(0, 0.4))
    rotated = PAIRS["rotated-2d"]
    assert value(JSD, rotated) == close(value(PRODUCTS, scale))
    assert value(KL, rotated) == close(value(KL, scale) + value(REVERSE, scale))


@pytest.mark.parametrize("pair", ["weights-2d", "rotated-bounded-2d"])
def test_samples_agree_in_the_plane(pair):
    pair = PAIRS[pair]
    n = 400_000
    x, y = (z.sample(n, np.random.default_rng(seed)) for z, seed in [(pair.p, 1), (pair.q, 2)])

    def log_ratio(points):
        def density(z):
            parts = zip(z.weights, z.means, z.covariances, strict=True)
            return sum(w * stats.multivariate_normal(m, c).pdf(points) for w, m, c in parts)

        return np.log(density(pair.p) / density(pair.q))

    on_p, on_q = log_ratio(x), log_ratio(y)
    softplus = np.log1p(np.exp(on_q - on_p))
    probability = 1 / (1 + np.exp(-on_p)), 1 / (1 + np.exp(-on_q))
    estimates = {
        KL: [on_p],
        REVERSE: [-on_q],
        JSD: [np.log(2 * probability[0]) / 2, np.log(2 - 2 * probability[1]) / 2],
        HELLINGER: [2 - 2 * np.exp(on_q / 2)],
        PEARSON: [np.exp(on_p) - 1],
        NEYMAN: [np.exp(-on_q) - 1],
        TV: [on_p > 0, -1.0 * (on_q > 0)],
        LE_CAM: [2 * probability[0] - 1, 1 - 2 * probability[1]],
        PRODUCTS: [np.log(2) - softplus],
    }
    for name, parts in estimates.items():
        mean = sum(np.mean(part) for part in parts)
        error = np.sqrt(sum(np.var(part) for part in parts) / n)
        assert value(name, pair) == pytest.approx(mean, abs=4 * error), name
        assert error < 0.02 * mean


@each_pair
def test_errors_are_small(pair):
    for name, divergence in DIVERGENCES.items():
        truth = divergence(pair)
        assert truth.error == 0 or truth.error < 2e-3 * truth.value < np.inf, name


@pytest.mark.parametrize("pair", [pair for pair in PAIRS.values() if pair.dimension == 1])
def test_wasserstein_on_the_line_is_the_mean_distance_of_quantiles(pair):
    x = np.linspace(-40, 40, 400_001)

    def quantiles(y, level):
        parts = zip(y.weights, y.means[:, 0], y.covariances[:, 0, 0], strict=True)
        distribution = sum(w * stats.norm(m, np.sqrt(v)).cdf(x) for w, m, v in parts)
        return np.interp(level, distribution, x)

    level = (np.arange(400_000) + 0.5) / 400_000
    expected = np.abs(quantiles(pair.p, level) - quantiles(pair.q, level)).mean()
    assert value(W1, pair) == close(expected, rel=1e-4)


@pytest.mark.parametrize(("shift", "s"), [(1.0, 2.0), (-0.3, 1.5), (2.0, 0.4)])
def test_wasserstein_of_gaussians_on_the_line(shift, s):
    """The mean of |Δμ + Δσ·Z|, a folded normal."""
    pair = couple(gaussian(0.5, 1), gaussian(0.5 + shift, s**2))
    spread = abs(s - 1)
    folded = spread * np.sqrt(2 / np.pi) * np.exp(-(shift**2) / (2 * spread**2))
    expected = folded + shift * (1 - 2 * stats.norm.cdf(-shift / spread))
    assert value(W1, pair) == close(expected)


@pytest.mark.parametrize("dimension", [1, 2])
def test_wasserstein_of_a_common_background_is_that_of_the_rest(dimension):
    for kind in ("shift", "scale", "rotated")[: dimension + 1]:
        plain, mixed = (PAIRS[f"{kind}{x}-{dimension}d"] for x in ("", "-bounded"))
        assert value(W1, mixed) == close(0.8 * value(W1, plain))


def test_wasserstein_of_changed_weights_moves_the_difference_along_one_edge():
    assert value(W1, PAIRS["weights-2d"]) == close(0.5 * 1.5 * np.sqrt(3))


def test_wasserstein_of_a_translate():
    base = mixture((0.3, gaussian([0, 0], COVARIANCE)), (0.7, gaussian([2, 1], np.eye(2))))
    moved = mixture((0.3, gaussian([3, 4], COVARIANCE)), (0.7, gaussian([5, 5], np.eye(2))))
    truth = DIVERGENCES[W1](couple(base, moved))
    assert truth.value == close(5)
    assert truth.error == 0


@pytest.mark.parametrize(
    ("p", "q", "expected"),
    [
        # Stretched along one axis: nothing has to move along the other.
        (
            gaussian([0, 0], np.eye(2)),
            gaussian([0, 0], np.diag([4.0, 1.0])),
            np.sqrt(2 / np.pi),
        ),
        # A translate by (0.5, 0) whose components are given in another order.
        (
            mixture((0.5, gaussian([0, 0], np.eye(2))), (0.5, gaussian([0, 2], np.eye(2)))),
            mixture((0.5, gaussian([0.5, 2], np.eye(2))), (0.5, gaussian([0.5, 0], np.eye(2)))),
            0.5,
        ),
    ],
)
def test_wasserstein_by_transport_in_the_plane(p, q, expected):
    truth = DIVERGENCES[W1](couple(p, q))
    assert truth.value == close(expected, rel=5e-3)
    assert abs(truth.value - expected) < 3 * truth.error
    assert 0 < truth.error < 5e-3 * expected


def test_wasserstein_of_what_is_only_almost_a_translate_or_a_change_of_scale():
    """At least the distance of the means, at most the 2-Wasserstein distance or a coupling."""
    eye, origin = np.eye(2), [0, 0]
    moved_and_wider = couple(gaussian(origin, eye), gaussian([5, 0], 4 * eye))
    assert 5 < value(W1, moved_and_wider) < np.sqrt(25 + 2)
    left, right = gaussian(origin, eye), gaussian([5, 0], eye)
    up_left, up_right = gaussian([0, 1], eye), gaussian([5, 1], eye)
    other_weights = couple(
        mixture((0.3, left), (0.7, right)), mixture((0.7, up_left), (0.3, up_right))
    )
    least = np.hypot(0.4 * 5, 1)
    assert least < value(W1, other_weights) < 0.6 + 0.4 * np.sqrt(26)


def test_wasserstein_of_a_rotated_gaussian():
    """The same however both are turned; between a dual function's value and a coupling's cost."""
    rotated = PAIRS["rotated-2d"]
    truth = DIVERGENCES[W1](rotated)
    turn = np.array([[np.cos(0.4), -np.sin(0.4)], [np.sin(0.4), np.cos(0.4)]])
    p, q = (gaussian([1, 2], turn @ x.covariances[0] @ turn.T) for x in (rotated.p, rotated.q))
    other = DIVERGENCES[W1](couple(p, q))
    assert truth.value == close(other.value, rel=5e-3)
    # |x₁ + x₂|/√2 is 1-Lipschitz; along the axes each standard deviation moves by the same.
    moved = np.sqrt(1.6) - np.sqrt(0.4)
    assert moved * np.sqrt(2 / np.pi) < truth.value < moved * np.sqrt(np.pi / 2)


def test_divergence_of_p_from_the_middle_is_half_of_the_jensen_shannon_divergence():
    """The other half is q's: of a shift, each is as large as the other."""
    middle = DIVERGENCES["Kullback-Leibler divergence of p from (p + q)/2"]
    other = DIVERGENCES["Jensen-Shannon divergence"]
    for name in ("shift-1d", "shift-2d", "far-1d"):
        assert middle(PAIRS[name]).value == pytest.approx(other(PAIRS[name]).value, rel=1e-9)
    pair = PAIRS["scale-1d"]
    turned = Pair("turned", "turned", pair.q, pair.p, pair.ends)
    halves = (middle(pair).value + middle(turned).value) / 2
    assert halves == pytest.approx(other(pair).value, rel=1e-9)
