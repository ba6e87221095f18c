"""Spectral normalisation against numpy's singular values."""

import numpy as np
import pytest
import torch

SHAPES = {"a.weight": (5, 7), "b.weight": (4, 2, 3, 3), "c.tensor": (6, 2, 3), "d.weight": (1, 4)}


@pytest.fixture
def parameters():
    generator = torch.Generator().manual_seed(0)
    matrices = {
        name: 2 * torch.randn(shape, generator=generator, dtype=torch.float64)
        for name, shape in SHAPES.items()
    }
    return {**matrices, "a.bias": torch.randn(5, generator=generator, dtype=torch.float64)}


@pytest.fixture
def technique(create, parameters):
    """Spectral normalisation with its first state."""
    made = create("spectral-norm")
    return made.with_state(made.initial_state(parameters, {}))


def matrix(value):
    return value.detach().numpy().reshape(len(value), -1)


def sigma(value):
    return np.linalg.svd(matrix(value), compute_uv=False)[0]


def test_the_first_weights_have_spectral_norm_one(technique, parameters):
    weights = technique.weights(parameters)
    assert weights.keys() == parameters.keys()
    for name in SHAPES:
        expected = parameters[name].numpy() / sigma(parameters[name])
        np.testing.assert_allclose(weights[name].numpy(), expected, rtol=1e-10)
        assert weights[name].shape == parameters[name].shape


def test_biases_stay_as_they_are(technique, parameters):
    assert technique.weights(parameters)["a.bias"] is parameters["a.bias"]
    assert set(technique.state) == set(SHAPES)


def test_kernels_are_matrices_of_output_channels(technique, parameters):
    state = technique.state["b.weight"].numpy()
    left = np.linalg.svd(parameters["b.weight"].numpy().reshape(4, 18))[0][:, 0]
    assert abs(state @ left) == pytest.approx(1)


def test_one_step_of_the_power_iteration_a_discriminator_step(technique, parameters, context):
    """Algorithm 1, on weights that move on from step to step."""
    generator = torch.Generator().manual_seed(1)
    left = {name: value.numpy() for name, value in technique.state.items()}
    for _ in range(3):
        parameters = {
            name: value + 0.5 * torch.randn(value.shape, generator=generator, dtype=torch.float64)
            for name, value in parameters.items()
        }
        weights = technique.weights(parameters)
        for name in SHAPES:
            w = matrix(parameters[name])
            right = w.T @ left[name]
            right /= np.linalg.norm(right)
            left[name] = w @ right
            left[name] /= np.linalg.norm(left[name])
            expected = w / (left[name] @ w @ right)
            np.testing.assert_allclose(matrix(weights[name]), expected, rtol=1e-10)
        # Looking at the weights again, as a generator step does, moves nothing on.
        again = technique.weights(parameters)
        assert all(torch.equal(again[name], weights[name]) for name in SHAPES)
        given = context(4, parameters=parameters)
        technique = technique.with_state(technique.after_discriminator_step(given))
        for name in SHAPES:
            np.testing.assert_allclose(technique.state[name].numpy(), left[name], rtol=1e-10)
        assert technique.after_generator_step(context(4)) is technique.state


def test_the_iteration_converges_from_anywhere(technique, parameters, context):
    generator = torch.Generator().manual_seed(2)
    technique = technique.with_state(
        {
            name: torch.randn(value.shape, generator=generator, dtype=torch.float64)
            for name, value in technique.state.items()
        }
    )
    for _ in range(200):
        given = context(4, parameters=parameters)
        technique = technique.with_state(technique.after_discriminator_step(given))
    for name, value in technique.weights(parameters).items():
        if name in SHAPES:
            assert sigma(value) == pytest.approx(1, rel=1e-6)


@pytest.mark.parametrize("name", SHAPES)
def test_the_gradient_passes_through_the_weight_and_its_norm(technique, parameters, name):
    """Finite differences of W ↦ Σ C∘W/(uᵀWv) with u and v held, in numpy.

    Far from convergence: at the singular vectors the norm does not depend on them anyway.
    """
    weight, rng = parameters[name].requires_grad_(), np.random.default_rng(0)
    loading, before = rng.normal(size=matrix(weight).shape), rng.normal(size=len(weight))
    technique = technique.with_state({name: torch.from_numpy(before)})
    normalised = technique.weights({name: weight})[name]
    total = (normalised.flatten(1) * torch.from_numpy(loading)).sum()
    (gradient,) = torch.autograd.grad(total, weight)
    w = matrix(weight)
    v = w.T @ before / np.linalg.norm(w.T @ before)
    u = w @ v / np.linalg.norm(w @ v)

    def value(w):
        return (loading * w).sum() / (u @ w @ v)

    expected = np.zeros_like(w)
    for place in np.ndindex(w.shape):
        moved = np.zeros_like(w)
        moved[place] = 1e-6
        expected[place] = (value(w + moved) - value(w - moved)) / 2e-6
    np.testing.assert_allclose(matrix(gradient), expected, rtol=1e-5, atol=1e-8)


def test_scaling_a_weight_changes_nothing(technique, parameters):
    first = technique.weights(parameters)
    second = technique.weights({name: 7 * value for name, value in parameters.items()})
    for name in SHAPES:
        torch.testing.assert_close(first[name], second[name])


def test_a_weight_of_zeros_stays_finite(create):
    parameters = {"w": torch.zeros(3, 2, requires_grad=True)}
    technique = create("spectral-norm")
    technique = technique.with_state(technique.initial_state(parameters, {}))
    assert torch.equal(technique.weights(parameters)["w"], torch.zeros(3, 2))
