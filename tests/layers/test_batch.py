"""Minibatch layers against sums written out in numpy."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.autograd import gradcheck, gradgradcheck

from bench.layers import (
    MinibatchDiscrimination,
    MinibatchStddev,
    VirtualBatchNorm,
    mixes_samples,
)


def closeness(features, tensor):
    """Return Σ_{j≠i} exp(−Σ_c |Σ_f (x_if − x_jf) T_fbc|), sample by sample."""
    batch, kernels = len(features), tensor.shape[1]
    result = np.zeros((batch, kernels))
    for i in range(batch):
        for j in range(batch):
            if i != j:
                for b in range(kernels):
                    apart = (features[i] - features[j]) @ tensor[:, b, :]
                    result[i, b] += np.exp(-np.linalg.norm(apart, 1))
    return result


def layer_and_features(kind, batch=5, features=4):
    torch.manual_seed(1)
    layer = (
        MinibatchDiscrimination(features, 3, 2) if kind == "discrimination" else MinibatchStddev()
    ).double()
    return layer, torch.randn(batch, features, dtype=torch.float64)


both = pytest.mark.parametrize("kind", ["discrimination", "stddev"])


def test_discrimination_is_the_papers_sum_over_the_others():
    layer, features = layer_and_features("discrimination")
    output = layer(features).detach()
    assert torch.equal(output[:, :4], features)
    expected = closeness(features.numpy(), layer.tensor.detach().numpy())
    np.testing.assert_allclose(output[:, 4:].numpy(), expected, rtol=1e-12)


def test_discrimination_by_hand():
    layer = MinibatchDiscrimination(1, kernels=2, dimension=2)
    with torch.no_grad():
        layer.tensor.copy_(torch.tensor([[[1.0, 1.0], [0.5, 0.0]]]))
    output = layer(torch.tensor([[0.0], [1.0], [1.0]])).detach().numpy()
    far, near = np.exp(-2.0), np.exp(-0.5)
    expected = [[0, 2 * far, 2 * near], [1, 1 + far, 1 + near], [1, 1 + far, 1 + near]]
    np.testing.assert_allclose(output, expected, rtol=1e-6)


def test_discrimination_of_a_constant_batch_counts_the_others():
    layer, _ = layer_and_features("discrimination")
    assert torch.equal(
        layer(torch.ones(7, 4, dtype=torch.float64))[:, 4:], torch.full((7, 3), 6.0).double()
    )


def test_discrimination_keeps_small_similarities():
    layer = MinibatchDiscrimination(1, kernels=1, dimension=1)
    with torch.no_grad():
        layer.tensor.fill_(1.0)
    similarity = layer(torch.tensor([[0.0], [30.0]]))[0, 1].item()
    assert similarity == pytest.approx(np.exp(-30), rel=1e-5)


def test_discrimination_starts_with_columns_of_norm_one():
    torch.manual_seed(0)
    squared = MinibatchDiscrimination(400, 16, 8).tensor.detach().square().sum(dim=0)
    assert squared.mean().item() == pytest.approx(1, abs=5 * (2 / (400 * 128)) ** 0.5)


def test_stddev_is_the_mean_over_features_of_the_deviation_over_the_batch():
    layer, features = layer_and_features("stddev")
    output = layer(features)
    assert output.shape == (5, 5)
    assert torch.equal(output[:, :4], features)
    expected = np.sqrt(np.var(features.numpy(), axis=0)).mean()
    np.testing.assert_allclose(output[:, 4].numpy(), expected, rtol=1e-6)


def test_stddev_by_hand():
    # Deviations 3 and 1 around the means 3 and 0.
    features = torch.tensor([[0.0, 1.0], [6.0, -1.0]])
    torch.testing.assert_close(MinibatchStddev()(features)[:, 2], torch.tensor([2.0, 2.0]))


@both
def test_a_permuted_batch_gives_the_permuted_output(kind):
    layer, features = layer_and_features(kind)
    order = torch.tensor([3, 0, 4, 1, 2])
    torch.testing.assert_close(layer(features[order]), layer(features)[order])


@both
@pytest.mark.parametrize("batch", [1, 2, 6])
def test_gradients_are_finite_on_a_constant_batch(kind, batch):
    layer, _ = layer_and_features(kind)
    features = torch.full((batch, 4), 0.7, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(layer(features)[:, 4:].sum(), features, create_graph=True)
    assert torch.isfinite(gradient).all()
    (second,) = torch.autograd.grad((gradient * torch.randn_like(gradient)).sum(), features)
    assert torch.isfinite(second).all()


@both
def test_gradients(kind):
    layer, features = layer_and_features(kind)
    assert gradcheck(layer, features.requires_grad_())
    assert gradgradcheck(layer, features)


def test_mixing_is_what_batch_normalisation_and_minibatch_layers_do():
    inner = nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.BatchNorm1d(2)))
    assert mixes_samples(inner)
    assert mixes_samples(nn.Sequential(nn.BatchNorm2d(2)))
    assert mixes_samples(MinibatchStddev())
    assert mixes_samples(nn.Sequential(MinibatchDiscrimination(2)))
    assert not mixes_samples(nn.Sequential(nn.Linear(2, 2), nn.LayerNorm(2)))
    assert not mixes_samples(nn.Sequential(VirtualBatchNorm(nn.BatchNorm1d(2), 3)))
