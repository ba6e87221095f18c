"""EBGAN and BEGAN: margins, the pulling-away term and the balance, by hand."""

import numpy as np
import pytest
import torch

from bench import objectives
from bench.conformance.probe import Draws
from bench.objectives.base import Context

REAL, FAKE = np.array([0.0, 0.4, 2.0, 100.0]), np.array([0.1, 0.9, 1.5, 90.0])


def create(name, **hyperparameters):
    return objectives.create(objectives.find()[name], hyperparameters)


def began(balance, **hyperparameters):
    state = {"balance": torch.tensor(balance, dtype=torch.float64)}
    return create("began", **hyperparameters).with_state(state)


def evaluate(objective, loss, dtype=torch.float64):
    """Return a loss and its per-sample gradients at the errors of real and fake samples."""
    errors = [torch.tensor(x, dtype=dtype, requires_grad=True) for x in (REAL, FAKE)]
    value = getattr(objective, loss)(*errors)
    slopes = torch.autograd.grad(value, errors, materialize_grads=True)
    return value.item(), *(len(REAL) * slope.detach().numpy() for slope in slopes)


def context(fake=None, real_errors=(), fake_errors=()):
    fake = torch.empty(0) if fake is None else fake
    errors = [torch.tensor(x, dtype=torch.float64) for x in (real_errors, fake_errors)]
    return Context(torch.eye(len(fake)), fake, Draws(), 0, *errors)


class Codes:
    """An autoencoder whose codes are its samples."""

    @staticmethod
    def features(samples):
        return samples


def test_ebgan_raises_the_energy_of_fakes_up_to_the_margin():
    value, real, fake = evaluate(create("ebgan", margin=1.2), "discriminator_loss")
    assert value == pytest.approx(102.4 / 4 + (1.1 + 0.3) / 4)
    np.testing.assert_allclose(real, 1)
    np.testing.assert_allclose(fake, [-1, -1, 0, 0])


def test_the_ebgan_generator_lowers_the_energy():
    value, real, fake = evaluate(create("ebgan"), "generator_loss")
    assert value == pytest.approx(92.5 / 4)
    np.testing.assert_allclose(real, 0)
    np.testing.assert_allclose(fake, 1)


def test_ebgan_estimate_is_the_lead_of_the_fakes():
    errors = torch.tensor([0.5, 1.5]), torch.tensor([3.0, 5.0])
    assert create("ebgan").estimate(*errors).item() == pytest.approx(3)


@pytest.mark.parametrize("size", [2, 5])
def test_pulling_away_is_the_mean_squared_cosine_of_different_codes(size):
    codes = np.random.default_rng(0).standard_normal((size, 3))
    cosines = [
        (codes[i] @ codes[j] / np.linalg.norm(codes[i]) / np.linalg.norm(codes[j])) ** 2
        for i in range(size)
        for j in range(size)
        if i != j
    ]
    objective = create("ebgan", pulling_away=0.1)
    penalty = objective.generator_penalty(Codes(), context(torch.tensor(codes)))
    assert penalty.item() == pytest.approx(0.1 * np.mean(cosines))


def test_pulling_away_is_one_for_equal_directions_and_zero_for_orthogonal_ones():
    objective = create("ebgan", pulling_away=2.0)
    equal, apart = torch.tensor([[1.0, 1], [3, 3], [0.1, 0.1]]), 5 * torch.eye(3)
    assert objective.generator_penalty(Codes(), context(equal)).item() == pytest.approx(2)
    assert objective.generator_penalty(Codes(), context(apart)).item() == 0


def test_pulling_away_has_a_finite_gradient_at_codes_of_zero():
    codes = torch.zeros(3, 2, requires_grad=True)
    penalty = create("ebgan", pulling_away=1.0).generator_penalty(Codes(), context(codes))
    (slope,) = torch.autograd.grad(penalty, codes)
    assert penalty.item() == 0
    assert torch.equal(slope, torch.zeros(3, 2))


def test_pulling_away_gradients():
    objective = create("ebgan", pulling_away=0.1)
    codes = torch.randn(4, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    codes.requires_grad_()

    def penalty(codes):
        return objective.generator_penalty(Codes(), context(codes))

    assert torch.autograd.gradcheck(penalty, codes)
    assert torch.autograd.gradgradcheck(penalty, codes)


def test_ebgan_alone_has_no_pulling_away_term():
    assert create("ebgan").generator_penalty(Codes(), context(torch.ones(3, 2))) is None


def test_each_asks_for_its_error():
    assert create("ebgan").needs().reconstruction == "squared"
    assert create("began").needs().reconstruction == "absolute"


def test_began_losses_weigh_the_fakes_by_the_balance():
    value, real, fake = evaluate(began(0.3), "discriminator_loss")
    assert value == pytest.approx(102.4 / 4 - 0.3 * 92.5 / 4)
    np.testing.assert_allclose(real, 1)
    np.testing.assert_allclose(fake, -0.3)
    value, real, fake = evaluate(began(0.3), "generator_loss")
    assert value == pytest.approx(92.5 / 4)
    np.testing.assert_allclose(real, 0)
    np.testing.assert_allclose(fake, 1)


def test_the_balance_starts_at_zero():
    initial = create("began").initial_state({"weight": torch.ones(2, 2)}, {})
    assert initial == {"balance": torch.zeros(())}


def test_the_balance_follows_the_lead_within_zero_and_one():
    """k + λ_k(γL(x) − L(G(z))): up, down to the floor, up to the ceiling."""
    objective = began(0.1, gamma=0.5, balance_rate=0.2)
    for real, fake, expected in (
        ([4.0, 2.0], [1.0, 0.0], 0.1 + 0.2 * (0.5 * 3 - 0.5)),
        ([1.0, 1.0], [3.0, 3.0], 0.0),
        ([20.0, 10.0], [1.0, 1.0], 1.0),
    ):
        given = context(real_errors=real, fake_errors=fake)
        objective = objective.with_state(objective.after_discriminator_step(given))
        assert objective.state["balance"].item() == pytest.approx(expected)


@pytest.mark.parametrize(("fake", "expected"), [([1.0, 3.0], 3 + 1.25), ([0.5, 0.5], 3 + 0.25)])
def test_began_estimate_is_the_measure_of_convergence(fake, expected):
    errors = torch.tensor([2.0, 4.0]), torch.tensor(fake)
    assert create("began", gamma=0.25).estimate(*errors).item() == pytest.approx(expected)


@pytest.mark.parametrize("objective", [began(0.3), create("ebgan")])
def test_float32_is_finite_and_precise(objective):
    for loss in ("discriminator_loss", "generator_loss"):
        narrow, wide = (evaluate(objective, loss, x) for x in (torch.float32, torch.float64))
        for one, other in zip(narrow, wide, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-5)
