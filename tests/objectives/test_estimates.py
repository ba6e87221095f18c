"""At the optimal discriminator each estimate is the divergence that the objective names."""

import numpy as np
import pytest
import torch

from bench import objectives

# Two distributions on four atoms, as counts of twelve samples each.
P, Q = np.array([6, 3, 2, 1]), np.array([1, 2, 3, 6])


def create(name, **hyperparameters):
    return objectives.create(objectives.find()[name], hyperparameters)


def kl(p, q):
    return float((p * np.log(p / q)).sum())


def jensen_shannon(p, q):
    return (kl(p, (p + q) / 2) + kl(q, (p + q) / 2)) / 2


def at_optimum(objective, optimum, p=P, q=Q):
    """Return the estimate at logits ``optimum`` a atom, with p and q as whole samples."""
    logits = torch.from_numpy(optimum)
    real, fake = (torch.repeat_interleave(logits, torch.from_numpy(x)) for x in (p, q))
    return objective.estimate(real, fake).item()


def discriminator_loss(objective, logits):
    real, fake = (torch.repeat_interleave(logits, torch.from_numpy(x)) for x in (P, Q))
    return objective.discriminator_loss(real, fake)


p, q = P / 12, Q / 12
RATIO = np.log(p / q)


@pytest.mark.parametrize("name", ["minimax", "non-saturating"])
def test_logistic_value_is_the_jensen_shannon_divergence(name):
    assert at_optimum(create(name), RATIO) == pytest.approx(jensen_shannon(p, q), rel=1e-6)


@pytest.mark.parametrize("name", ["minimax", "non-saturating"])
def test_jensen_shannon_is_log_two_for_disjoint_and_zero_for_equal_distributions(name):
    far, near = torch.full((8,), 100.0), torch.zeros(8)
    assert create(name).estimate(far, -far).item() == pytest.approx(np.log(2))
    assert create(name).estimate(near, near).item() == pytest.approx(0, abs=1e-7)


@pytest.mark.parametrize(("a", "b"), [(0.0, 1.0), (-1.0, 1.0), (2.0, -3.0)])
def test_least_squares_value_is_the_vincze_le_cam_divergence(a, b):
    optimum = (b * p + a * q) / (p + q)
    le_cam = float(((p - q) ** 2 / (p + q)).sum())
    objective = create("least-squares", a=a, b=b)
    assert at_optimum(objective, optimum) == pytest.approx(le_cam, rel=1e-6)


def test_hinge_value_is_the_total_variation():
    total_variation = np.abs(p - q).sum() / 2
    assert at_optimum(create("hinge"), np.sign(p - q)) == pytest.approx(total_variation)


def test_maximum_likelihood_estimate_is_the_kl_divergence():
    assert at_optimum(create("maximum-likelihood"), RATIO) == pytest.approx(kl(p, q))


@pytest.mark.parametrize("constant", [0.0, 5.0])
def test_relativistic_value_is_that_of_the_two_products(constant):
    """Every real sample meets every fake one; the logits are free up to a constant."""
    first, second = np.outer(p, q), np.outer(q, p)
    counts = torch.from_numpy(np.outer(P, Q).ravel())
    logits = RATIO + constant
    real, fake = (
        torch.repeat_interleave(torch.from_numpy(x.ravel().copy()), counts)
        for x in np.meshgrid(logits, logits, indexing="ij")
    )
    estimate = create("rpgan-r1-r2").estimate(real, fake).item()
    assert estimate == pytest.approx(jensen_shannon(first, second), rel=1e-6)


@pytest.mark.parametrize(
    ("name", "optimum"),
    [
        ("minimax", RATIO),
        ("non-saturating", RATIO),
        ("maximum-likelihood", RATIO),
        ("least-squares", p / (p + q)),
        ("hinge", np.sign(p - q)),
    ],
)
def test_the_optimum_is_optimal(name, optimum):
    """No other logits of the atoms give the discriminator a lower loss."""
    objective, generator = create(name), torch.Generator().manual_seed(0)
    best = torch.from_numpy(optimum)
    value = discriminator_loss(objective, best)
    for scale in (1e-3, 0.1, 1.0, 10.0):
        for _ in range(20):
            change = scale * torch.randn(4, generator=generator, dtype=torch.float64)
            assert discriminator_loss(objective, best + change) >= value - 1e-12


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
