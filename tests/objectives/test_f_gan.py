"""f-GANs against the definition of the conjugate, from the convex functions f alone."""

import numpy as np
import pytest
import torch
from scipy.optimize import minimize_scalar

from bench import objectives
from bench.plugins import PluginError

ALPHAS = (-2.0, -1.0, -0.05, 0.05, 0.5, 0.95, 1.05, 1.5, 2.0, 3.0)


def alpha_function(alpha):
    return lambda u: (u**alpha - 1 - alpha * (u - 1)) / (alpha * (alpha - 1))


CONVEX = {
    "f-gan-kl": lambda u: u * np.log(u),
    "f-gan-reverse-kl": lambda u: -np.log(u),
    "f-gan-js": lambda u: u * np.log(u) - (u + 1) * np.log((1 + u) / 2),
    "f-gan-squared-hellinger": lambda u: (np.sqrt(u) - 1) ** 2,
    "f-gan-pearson": lambda u: (u - 1) ** 2,
    "f-gan-neyman": lambda u: (1 - u) ** 2 / u,
    "f-gan-total-variation": lambda u: abs(u - 1) / 2,
    "f-gan-alpha": alpha_function(0.75),
}
CASES = [
    *((name, {}, convex) for name, convex in CONVEX.items()),
    *(("f-gan-alpha", {"alpha": alpha}, alpha_function(alpha)) for alpha in ALPHAS),
]


def create(name, **hyperparameters):
    return objectives.create(objectives.find()[name], hyperparameters)


def tensor(values):
    return torch.as_tensor(values, dtype=torch.float64)


def test_every_f_gan_is_here():
    assert set(CONVEX) == {name for name in objectives.find() if name.startswith("f-gan-")}


@pytest.mark.parametrize(("name", "hyperparameters", "convex"), CASES)
def test_conjugate_is_the_supremum_of_the_definition(name, hyperparameters, convex):
    """f*(t) = sup over u > 0 of ut − f(u), at t = g(v)."""
    objective = create(name, **hyperparameters)
    # Pearson's f* is of the parabola on the whole line, the same from the slope f′(0) = −2 up.
    for v in np.linspace(-1.9 if name == "f-gan-pearson" else -4, 4, 9):
        t = objective.activation(tensor(v)).item()
        best = minimize_scalar(
            lambda log_u, t=t: convex(np.exp(log_u)) - np.exp(log_u) * t,
            bounds=(-12, 12),
            method="bounded",
            options={"xatol": 1e-9},
        )
        assert objective.conjugate(tensor(v)).item() == pytest.approx(-best.fun, rel=1e-6, abs=1e-5)


@pytest.mark.parametrize(("name", "hyperparameters", "convex"), CASES)
def test_optimal_activation_is_the_slope_of_f(name, hyperparameters, convex):
    objective, step = create(name, **hyperparameters), 1e-5
    for ratio in (0.05, 0.5, 0.9, 1.1, 2.0, 20.0):
        slope = (convex(ratio + step) - convex(ratio - step)) / (2 * step)
        logit = objective.optimal_logit(tensor(np.log(ratio)))
        assert objective.activation(logit).item() == pytest.approx(slope, rel=1e-4, abs=1e-7)


@pytest.mark.parametrize(("name", "hyperparameters", "convex"), CASES)
def test_activation_rises(name, hyperparameters, convex):
    logits = torch.linspace(-100, 100, 401, dtype=torch.float64)
    objective = create(name, **hyperparameters)
    values = objective.activation(logits)
    assert (values.diff() >= 0).all()
    # Of the total variation's, most of the way is within rounding of ±½.
    if name != "f-gan-total-variation":
        assert (torch.func.vmap(torch.func.grad(objective.activation))(logits) > 0).all()


p, q = np.array([6, 3, 2, 1]) / 12, np.array([1, 3, 3, 5]) / 12


def bound(objective, logits):
    """Return the estimate where p and q weigh the samples' terms."""
    return tensor(p) @ objective.activation(logits) - tensor(q) @ objective.conjugate(logits)


@pytest.mark.parametrize("alpha", ALPHAS)
def test_alpha_bound_is_tight_and_nowhere_above(alpha):
    objective = create("f-gan-alpha", alpha=alpha)
    divergence = float(((p**alpha * q ** (1 - alpha)).sum() - 1) / (alpha * (alpha - 1)))
    logits = objective.optimal_logit(tensor(np.log(p / q)))
    assert bound(objective, logits).item() == pytest.approx(divergence, rel=1e-9)
    generator = torch.Generator().manual_seed(0)
    for scale in (0.1, 1.0, 10.0, 100.0):
        for _ in range(20):
            change = scale * torch.randn(4, generator=generator, dtype=torch.float64)
            assert bound(objective, logits + change).item() <= divergence + 1e-12


@pytest.mark.parametrize(
    ("alpha", "name", "factor", "stretch"),
    [
        (2.0, "f-gan-pearson", 0.5, None),
        (0.5, "f-gan-squared-hellinger", 2.0, 0.5),
        (-1.0, "f-gan-neyman", 0.5, 2.0),
    ],
)
def test_alpha_divergences_with_names_of_their_own(alpha, name, factor, stretch):
    """They are the same games but for a factor, and the logit's scale."""
    alphas, other = create("f-gan-alpha", alpha=alpha), create(name)
    log_ratio = tensor(np.linspace(-3, 3, 7))
    logits = other.optimal_logit(log_ratio)
    if stretch:
        torch.testing.assert_close(logits, stretch * log_ratio)
    for method in ("activation", "conjugate"):
        mine, others = (getattr(x, method) for x in (alphas, other))
        torch.testing.assert_close(mine(log_ratio), factor * others(logits))


@pytest.mark.parametrize(("alpha", "name"), [(0.95, "f-gan-kl"), (0.05, "f-gan-reverse-kl")])
def test_alpha_divergence_is_between_its_limits(alpha, name):
    """The logits are the same but for a constant, and the values near."""
    other, log_ratio = create(name), tensor(np.log(p / q))
    limit = bound(other, other.optimal_logit(log_ratio)).item()
    assert bound(create("f-gan-alpha", alpha=alpha), log_ratio).item() == pytest.approx(limit, 0.05)


@pytest.mark.parametrize("alpha", [0.0, 1.0, 0.01, 0.97, -2.5, 3.5, np.nan, np.inf])
def test_other_alphas_are_refused(alpha):
    with pytest.raises(PluginError, match="alpha is"):
        create("f-gan-alpha", alpha=alpha)


@pytest.mark.parametrize("alpha", ALPHAS)
@pytest.mark.parametrize("method", ["activation", "conjugate"])
def test_every_alpha_keeps_its_precision_in_float32(alpha, method):
    function = getattr(create("f-gan-alpha", alpha=alpha), method)
    wide = torch.linspace(-100, 100, 402, dtype=torch.float64)
    each = torch.func.vmap(torch.func.grad_and_value(function))
    (slope, value), (exact_slope, exact) = each(wide.float()), each(wide)
    # A value loses digits near 0, where the exponential is near 1, by 1/0.05 at most.
    torch.testing.assert_close(value.double(), exact, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(slope.double(), exact_slope, rtol=1e-4, atol=1e-30)
