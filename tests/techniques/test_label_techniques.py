"""Smoothed and noisy labels: closed forms, optima and expectations."""

from itertools import product

import numpy as np
import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from bench import objectives
from bench.objectives.base import Context

TARGETS = ((1.0, 0.0), (0.9, 0.0), (0.7, 0.0), (0.9, 0.1), (0.8, 0.3), (1.0, 0.2))
CLASSIFYING = tuple(
    name for name, path in objectives.find().items() if "classifies = True" in path.read_text()
)


@pytest.fixture
def logits():
    generator = torch.Generator().manual_seed(0)
    return 2 * torch.randn(2, 9, generator=generator, dtype=torch.float64)


def seen(real, fake, noise=None):
    return Context(torch.empty(0), torch.empty(0), noise, 0, real, fake)


def relu(x):
    return np.maximum(x, 0)


#: a(logit) and b(logit) of E a(D(x)) + E b(D(G(z))), as the papers write them.
TERMS = {
    "non-saturating": (lambda r: np.log1p(np.exp(-r)), lambda f: np.log1p(np.exp(f))),
    "least-squares": (lambda r: (r - 1) ** 2 / 2, lambda f: f**2 / 2),
    "hinge": (lambda r: relu(1 - r), lambda f: relu(1 + f)),
    "f-gan-kl": (lambda r: -r, lambda f: np.exp(f - 1)),
}


@pytest.mark.parametrize(("target", "wrong"), TARGETS)
def test_cross_entropy_has_soft_targets(create, objective, logits, target, wrong):
    real, fake = logits
    loss = objective("non-saturating").discriminator_loss
    smoothed = create("label-smoothing", real=target, fake=wrong)
    expected = binary_cross_entropy_with_logits(real, torch.full_like(real, target))
    expected += binary_cross_entropy_with_logits(fake, torch.full_like(fake, wrong))
    torch.testing.assert_close(smoothed.discriminator_loss(loss, seen(real, fake)), expected)


@pytest.mark.parametrize(("target", "wrong"), TARGETS)
@pytest.mark.parametrize("name", TERMS)
def test_each_label_is_told_with_its_probability(create, objective, logits, name, target, wrong):
    """(1 − α)·a + α·b at real samples and (1 − β)·b + β·a at fake ones, up to a constant."""
    smoothed = create("label-smoothing", real=target, fake=wrong)
    loss, (a, b) = objective(name).discriminator_loss, TERMS[name]

    def excess(real, fake):
        r, f = real.numpy(), fake.numpy()
        expected = (target * a(r) + (1 - target) * b(r)).mean()
        expected += ((1 - wrong) * b(f) + wrong * a(f)).mean()
        return smoothed.discriminator_loss(loss, seen(real, fake)).item() - expected

    real, fake = logits
    assert excess(real, fake) == pytest.approx(excess(fake / 2 - 1, real + 0.3), abs=1e-9)


@pytest.mark.parametrize("name", CLASSIFYING)
def test_hard_labels_change_nothing(create, objective, logits, name):
    loss = objective(name).discriminator_loss
    smoothed = create("label-smoothing", real=1.0, fake=0.0)
    assert torch.equal(smoothed.discriminator_loss(loss, seen(*logits)), loss(*logits))


@pytest.mark.parametrize(("target", "wrong"), TARGETS[1:])
@pytest.mark.parametrize("name", ["non-saturating", "least-squares"])
def test_the_optimum_is_between_the_labels(create, objective, name, target, wrong):
    """D* = ((1 − α)p + βq)/(p + q) on five points, found by minimising."""
    counts = np.array([[1, 2, 4, 8, 5], [6, 6, 2, 2, 4]])
    p, q = counts / 20
    real, fake = (torch.arange(5).repeat_interleave(torch.from_numpy(n)) for n in counts)
    outputs = torch.zeros(5, dtype=torch.float64, requires_grad=True)
    loss = objective(name).discriminator_loss
    smoothed = create("label-smoothing", real=target, fake=wrong)
    tight = {"tolerance_grad": 1e-11, "tolerance_change": 1e-15, "max_iter": 200}
    optimizer = torch.optim.LBFGS([outputs], line_search_fn="strong_wolfe", **tight)

    def closure():
        optimizer.zero_grad()
        value = smoothed.discriminator_loss(loss, seen(outputs[real], outputs[fake]))
        value.backward()
        return value

    for _ in range(5):
        optimizer.step(closure)
    found = outputs.sigmoid() if name == "non-saturating" else outputs
    expected = (target * p + wrong * q) / (p + q)
    np.testing.assert_allclose(found.detach().numpy(), expected, atol=1e-6)


class Fixed:
    """A source of noise that hands out what it is given."""

    def __init__(self, values):
        self.values = torch.as_tensor(values)

    def uniform(self, *shape):
        assert shape == self.values.shape
        return self.values


@pytest.mark.parametrize("name", TERMS)
@pytest.mark.parametrize("probability", [0.0, 0.1, 0.4])
def test_noisy_labels_on_average(create, objective, logits, name, probability):
    """The expectation over all ways to swap three pairs is (1 − p)·L(r, f) + p·L(f, r)."""
    real, fake = logits[:, :3]
    loss = objective(name).discriminator_loss
    noisy = create("label-noise", probability=probability)
    expected = 0.0
    for swaps in product([True, False], repeat=3):
        weight = np.prod([probability if swap else 1 - probability for swap in swaps])
        noise = Fixed([0.0 if swap else 0.999 for swap in swaps])
        if probability > 0 or not any(swaps):
            expected += weight * noisy.discriminator_loss(loss, seen(real, fake, noise)).item()
    a, b = TERMS[name]
    r, f = real.numpy(), fake.numpy()
    right, wrong = a(r).mean() + b(f).mean(), a(f).mean() + b(r).mean()
    assert expected == pytest.approx((1 - probability) * right + probability * wrong)


def test_a_real_and_a_fake_sample_swap_places(create):
    real, fake = torch.arange(4.0), -torch.arange(4.0) - 1
    given = []

    def loss(first, second):
        given.extend([first, second])
        return first.mean()

    noise = Fixed([0.04, 0.06, 0.9, 0.0])
    create("label-noise").discriminator_loss(loss, seen(real, fake, noise))
    assert given[0].tolist() == [-1, 1, 2, -4]
    assert given[1].tolist() == [0, -2, -3, 3]


@pytest.mark.parametrize("technique", ["label-smoothing", "label-noise"])
@pytest.mark.parametrize("name", ["wgan", "wgan-gp", "rpgan"])
def test_critics_without_labels_are_refused(create, objective, technique, name):
    made = objective(name)
    assert made.title in create(technique).refusal(made)


@pytest.mark.parametrize("technique", ["label-smoothing", "label-noise"])
@pytest.mark.parametrize("name", CLASSIFYING)
def test_classifiers_are_not(create, objective, technique, name):
    assert create(technique).refusal(objective(name)) is None


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("label-smoothing", {"real": 1.1}, "0.0 for fake and 1.1 for real"),
        ("label-smoothing", {"fake": -0.1}, "must be within 0 and 1"),
        ("label-smoothing", {"real": 0.3, "fake": 0.3}, "real samples above the other"),
        ("label-noise", {"probability": 0.5}, "probability is 0.5; it must be"),
        ("label-noise", {"probability": -0.1}, "probability is -0.1; it must be"),
    ],
)
def test_settings_out_of_range(create, name, settings, message):
    with pytest.raises(ValueError, match=message):
        create(name, **settings)
