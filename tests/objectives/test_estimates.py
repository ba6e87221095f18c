"""At the optimal discriminator each estimate is the divergence that the objective names."""

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from scipy.stats import norm

from bench import objectives

# Two distributions on four atoms, as counts of twelve samples each: no mirror images of one
# another, which would hide an exchange of the two, and with one atom that is alike in both.
P, Q = np.array([6, 3, 2, 1]), np.array([1, 3, 3, 5])


def create(name, **hyperparameters):
    return objectives.create(objectives.find()[name], hyperparameters)


def kl(p, q):
    return float((p * np.log(p / q)).sum())


def jensen_shannon(p, q):
    return (kl(p, (p + q) / 2) + kl(q, (p + q) / 2)) / 2


def le_cam(p, q):
    return float(((p - q) ** 2 / (p + q)).sum())


def total_variation(p, q):
    return float(np.maximum(p - q, 0).sum())


def alpha_divergence(p, q, alpha=0.75):
    return float(((p**alpha * q ** (1 - alpha)).sum() - 1) / (alpha * (alpha - 1)))


# What the estimate is at the optimum, where that is a function of p/q.
DIVERGENCES = {
    "minimax": jensen_shannon,
    "non-saturating": jensen_shannon,
    "boundary-seeking": jensen_shannon,
    "maximum-likelihood": kl,
    "least-squares": le_cam,
    "hinge": total_variation,
    "softmax-gan": lambda p, q: kl(p, (p + q) / 2),
    "f-gan-kl": kl,
    "f-gan-reverse-kl": lambda p, q: kl(q, p),
    "f-gan-js": jensen_shannon,
    "f-gan-squared-hellinger": lambda p, q: 2 - 2 * float(np.sqrt(p * q).sum()),
    "f-gan-pearson": lambda p, q: float((p * p / q).sum()) - 1,
    "f-gan-neyman": lambda p, q: float((q * q / p).sum()) - 1,
    "f-gan-total-variation": total_variation,
    "f-gan-alpha": alpha_divergence,
}
PAIRED = ("rpgan", "rpgan-r1-r2")
# Objectives with an optimum as a function of p/q that other files test.
ELSEWHERE = {"dragan", "fisher-gan", "r1-non-saturating"}


def optimum(name, log_ratio, **hyperparameters):
    objective = create(name, **hyperparameters)
    return objective.optimal_logit(torch.as_tensor(log_ratio, dtype=torch.float64)).numpy()


def at_optimum(objective, optimum, p=P, q=Q):
    """Return the estimate at logits ``optimum`` a atom, with p and q as whole samples."""
    logits = torch.from_numpy(optimum)
    real, fake = (torch.repeat_interleave(logits, torch.from_numpy(x)) for x in (p, q))
    return objective.estimate(real, fake).item()


def discriminator_loss(objective, logits):
    real, fake = (torch.repeat_interleave(logits, torch.from_numpy(x)) for x in (P, Q))
    return objective.discriminator_loss(real, fake)


def paired_samples(logits):
    """Return the logits of real and fake samples where every real one meets every fake one."""
    counts = torch.from_numpy(np.outer(P, Q).ravel())
    each = torch.meshgrid(logits, logits, indexing="ij")
    return [torch.repeat_interleave(side.reshape(-1), counts) for side in each]


p, q = P / 12, Q / 12
RATIO = np.log(p / q)


def test_every_optimum_is_tested_here_or_elsewhere():
    zero = torch.zeros(1)
    known = {name for name in objectives.find() if create(name).optimal_logit(zero) is not None}
    assert {*DIVERGENCES, *PAIRED, *ELSEWHERE} == known


@pytest.mark.parametrize("name", DIVERGENCES)
def test_estimate_is_the_divergence_at_the_optimum(name):
    estimate = at_optimum(create(name), optimum(name, RATIO))
    assert estimate == pytest.approx(DIVERGENCES[name](p, q), rel=1e-9)


@pytest.mark.parametrize("name", DIVERGENCES)
def test_estimate_is_zero_between_equal_distributions(name):
    zeros = optimum(name, np.zeros(4))
    assert at_optimum(create(name), zeros, P, P) == pytest.approx(0, abs=1e-12)


# N(0, 1) against N(1, 1) and against N(1, 4), to six digits.
GAUSSIANS = {
    "minimax": (0.111421, 0.128175),
    "non-saturating": (0.111421, 0.128175),
    "boundary-seeking": (0.111421, 0.128175),
    "maximum-likelihood": (0.5, 0.443147),
    "least-squares": (0.408109, 0.434965),
    "hinge": (0.382925, 0.390066),
    "f-gan-kl": (0.5, 0.443147),
    "f-gan-reverse-kl": (0.5, 1.306853),
    "f-gan-js": (0.111421, 0.128175),
    "f-gan-squared-hellinger": (0.235006, 0.298389),
    "f-gan-pearson": (1.718282, 0.744026),
    "f-gan-neyman": (1.718282, np.inf),
    "f-gan-total-variation": (0.382925, 0.390066),
}


@pytest.mark.parametrize(
    ("name", "scale", "truth"),
    [
        (name, scale, truth)
        for name, truths in GAUSSIANS.items()
        for scale, truth in zip((1, 2), truths, strict=True)
        if truth < np.inf
    ],
)
def test_estimate_is_the_divergence_of_gaussians(name, scale, truth):
    x, step = np.linspace(-16, 16, 64_001, retstep=True)
    real, fake = norm.logpdf(x), norm.logpdf(x, 1, scale)
    logits = torch.from_numpy(optimum(name, real - fake))
    objective, zero = create(name), torch.zeros((), dtype=torch.float64)

    def single(real, fake):
        return objective.estimate(real[None], fake[None])

    # The estimate is a sum of a mean over real and a mean over fake samples.
    constant = single(zero, zero)
    in_real = (torch.vmap(single, (0, None))(logits, zero) - constant).numpy()
    in_fake = (torch.vmap(single, (None, 0))(zero, logits) - constant).numpy()
    estimate = constant.item() + step * (np.exp(real) @ in_real + np.exp(fake) @ in_fake)
    # Where N(0, 1) is e⁻³⁰ of N(1, 4), the reverse KL goes on along a tangent.
    tolerance = 1e-4 if name == "f-gan-reverse-kl" else 2e-6
    assert estimate == pytest.approx(truth, abs=tolerance)


def quantiles(mean, deviation, count):
    return norm.ppf((np.arange(count) + 0.5) / count, mean, deviation)


def test_softmax_estimate_of_gaussians():
    x, y = quantiles(0, 1, 100_000), quantiles(1, 1, 100_000)
    logits = [torch.from_numpy(optimum("softmax-gan", 0.5 - z)) for z in (x, y)]

    def integrand(z):
        return norm.pdf(z) * np.log(2 / (1 + np.exp(z - 0.5)))

    truth = quad(integrand, -30, 30, points=[0], epsabs=1e-10)[0]
    assert create("softmax-gan").estimate(*logits).item() == pytest.approx(truth, rel=1e-4)


@pytest.mark.parametrize("name", PAIRED)
def test_relativistic_estimate_of_gaussians(name):
    """Of a pair only y − x counts, which is N(1, 2) under p⊗q and N(−1, 2) under q⊗p."""
    x, y = np.meshgrid(quantiles(0, 1, 1000), quantiles(1, 1, 1000))
    logits = [torch.from_numpy(optimum(name, 0.5 - z.ravel())) for z in (x, y)]

    def integrand(t):
        return norm.pdf(t, 1, 2**0.5) * np.log(2 / (1 + np.exp(-t)))

    truth = quad(integrand, -30, 30, points=[0], epsabs=1e-10)[0]
    assert create(name).estimate(*logits).item() == pytest.approx(truth, rel=2e-3)


@pytest.mark.parametrize("name", ["minimax", "non-saturating", "f-gan-js"])
def test_logistic_value_is_twice_the_jensen_shannon_divergence(name):
    """Less log 4 in the GAN's own formula, which the f-GAN's has not."""
    objective, logits = create(name), torch.from_numpy(RATIO)
    value = -discriminator_loss(objective, logits).item()
    constant = 0 if name == "f-gan-js" else np.log(4)
    assert value == pytest.approx(2 * jensen_shannon(p, q) - constant, rel=1e-9)


@pytest.mark.parametrize("name", ["minimax", "non-saturating", "boundary-seeking", "f-gan-js"])
def test_jensen_shannon_is_log_two_for_disjoint_and_zero_for_equal_distributions(name):
    far, near = torch.full((8,), 100.0), torch.zeros(8)
    assert create(name).estimate(far, -far).item() == pytest.approx(np.log(2))
    assert create(name).estimate(near, near).item() == pytest.approx(0, abs=1e-7)


@pytest.mark.parametrize(("a", "b"), [(0.0, 1.0), (-1.0, 1.0), (2.0, -3.0)])
def test_least_squares_value_is_the_vincze_le_cam_divergence(a, b):
    objective = create("least-squares", a=a, b=b)
    logits = (b * p + a * q) / (p + q)
    np.testing.assert_allclose(optimum("least-squares", RATIO, a=a, b=b), logits, rtol=1e-12)
    assert at_optimum(objective, logits) == pytest.approx(le_cam(p, q), rel=1e-9)


def test_least_squares_generator_cost_is_half_le_cam_at_the_codes_of_the_paper():
    """With a = −1, b = 1, c = 0, D* = (p − q)/(p + q).

    Half the mean of D*² over both kinds is ½∫(p − q)²/(p + q), which the paper calls Pearson's χ²:
    it is that of (p + q)/2 and q, times two, not that of p and q.
    """
    objective = create("least-squares", a=-1.0, b=1.0, c=0.0)
    logits = torch.from_numpy(optimum("least-squares", RATIO, a=-1.0, b=1.0))
    np.testing.assert_allclose(logits, (p - q) / (p + q), rtol=1e-12)
    real, fake = (torch.repeat_interleave(logits, torch.from_numpy(x)) for x in (P, Q))
    # The generator's own loss is the second term; the paper adds the first, which it cannot change.
    cost = objective.generator_loss(fake, real) + objective.generator_loss(real, fake)
    middle = (p + q) / 2
    pearson = float(((middle - q) ** 2 / middle).sum())
    assert cost.item() == pytest.approx(le_cam(p, q) / 2, rel=1e-9)
    assert cost.item() == pytest.approx(pearson, rel=1e-9)
    assert cost.item() != pytest.approx(DIVERGENCES["f-gan-pearson"](p, q), rel=0.1)


def test_least_squares_loss_at_the_codes_zero_and_one():
    """½∫pq/(p + q) = ¼ − LeCam/8."""
    logits = torch.from_numpy(optimum("least-squares", RATIO))
    loss = discriminator_loss(create("least-squares", a=0.0, b=1.0, c=1.0), logits).item()
    assert loss == pytest.approx(float((p * q / (p + q)).sum()) / 2, rel=1e-9)
    assert loss == pytest.approx(0.25 - le_cam(p, q) / 8, rel=1e-9)


@pytest.mark.parametrize("name", PAIRED)
@pytest.mark.parametrize("constant", [0.0, 5.0])
def test_relativistic_value_is_that_of_the_two_products(name, constant):
    """Every real sample meets every fake one; the logits are free up to a constant."""
    first, second = np.outer(p, q), np.outer(q, p)
    real, fake = paired_samples(torch.from_numpy(optimum(name, RATIO) + constant))
    estimate = create(name).estimate(real, fake).item()
    assert estimate == pytest.approx(jensen_shannon(first, second), rel=1e-9)


@pytest.mark.parametrize("name", [*DIVERGENCES, *PAIRED])
def test_the_optimum_is_optimal(name):
    """No other logits of the atoms give the discriminator a lower loss, however far off."""
    objective, generator = create(name), torch.Generator().manual_seed(0)

    def loss(logits):
        if name in PAIRED:
            return objective.discriminator_loss(*paired_samples(logits)).item()
        return discriminator_loss(objective, logits).item()

    best = torch.from_numpy(optimum(name, RATIO))
    value = loss(best)
    for scale in (1e-3, 0.1, 1.0, 10.0, 100.0):
        for _ in range(20):
            change = scale * torch.randn(4, generator=generator, dtype=torch.float64)
            assert loss(best + change) >= value - 1e-12


@pytest.mark.parametrize("name", [*DIVERGENCES, *PAIRED])
def test_where_the_optimum_is_unique_up_to_a_constant_the_objective_says_so(name):
    objective, logits = create(name), torch.from_numpy(RATIO)
    values = [discriminator_loss(objective, logits + constant).item() for constant in (0, 3)]
    assert objective.shift_invariant == (values[0] == pytest.approx(values[1], rel=1e-9))


@pytest.mark.parametrize("weight", [0.1, 1.0, 10.0])
@pytest.mark.parametrize("distance", [0.0, 0.05, 1.0, 30.0])
def test_wgan_gp_estimate_undoes_the_slope_that_the_penalty_allows(weight, distance):
    """Between translates the gap is W(1 + W/2λ)."""
    gap = distance * (1 + distance / (2 * weight))
    real = torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64)
    estimate = create("wgan-gp", penalty_weight=weight).estimate(real, real - gap).item()
    assert estimate == pytest.approx(distance, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("weight", [0.5, 10.0])
def test_wgan_gp_estimate_is_right_at_the_optimal_penalised_critic(weight):
    """Among linear critics of slope s on a translate by δ, δs − λ(s − 1)² has its top at W = δ."""
    delta = 2.0
    slopes = np.linspace(0, 6, 60_001)
    best = slopes[np.argmax(delta * slopes - weight * (slopes - 1) ** 2)]
    logits = torch.tensor([0.0, 1.0], dtype=torch.float64)
    objective = create("wgan-gp", penalty_weight=weight)
    assert objective.estimate(logits + best * delta, logits).item() == pytest.approx(
        delta, rel=1e-3
    )


def test_wgan_gp_estimate_keeps_a_negative_gap():
    low = torch.tensor([-3.0])
    assert create("wgan-gp").estimate(low, -low).item() == pytest.approx(-6)


def test_wgan_estimate_is_the_gap():
    real, fake = torch.tensor([3.0, 5.0]), torch.tensor([1.0, 0.0])
    assert create("wgan").estimate(real, fake).item() == pytest.approx(3.5)
