"""Maxout and dropout against numpy."""

import numpy as np
import pytest
import torch
from torch.func import functional_call

from bench.layers import Dropout, Maxout


def test_maxout_is_the_largest_of_its_affine_maps():
    torch.manual_seed(0)
    layer, inputs = Maxout(4, 3, 5), torch.randn(6, 4)
    weight, bias = layer.affine.weight.detach().numpy(), layer.affine.bias.detach().numpy()
    expected = np.empty((6, 3))
    for row, unit in np.ndindex(6, 3):
        maps = range(5 * unit, 5 * unit + 5)
        expected[row, unit] = max(weight[k] @ inputs[row].numpy() + bias[k] for k in maps)
    np.testing.assert_allclose(layer(inputs).detach().numpy(), expected, atol=1e-6)


def test_maxout_of_one_piece_is_affine_and_of_two_can_be_the_absolute_value():
    layer, inputs = Maxout(2, 3, 1), torch.randn(4, 2)
    torch.testing.assert_close(layer(inputs), layer.affine(inputs))
    layer = Maxout(1, 1, 2)
    with torch.no_grad():
        layer.affine.weight.copy_(torch.tensor([[1.0], [-1.0]]))
        layer.affine.bias.zero_()
    assert torch.equal(layer(torch.tensor([[-3.0], [2.0]])), torch.tensor([[3.0], [2.0]]))


def test_dropout_keeps_where_the_draw_is_at_least_the_rate():
    layer = Dropout(0.25, 4)
    layer.uniform = torch.tensor([[0.0, 0.2499, 0.25, 0.999], [0.3, 0.1, 0.26, 0.0], [0.5] * 4])
    inputs = torch.tensor([[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]])
    expected = torch.tensor([[0.0, 0.0, 4.0, 16 / 3], [20 / 3, 0.0, 28 / 3, 0.0]])
    torch.testing.assert_close(layer(inputs), expected)


@pytest.mark.parametrize("rate", [0.0, 0.2, 0.5, 0.9])
def test_dropout_preserves_the_mean(rate):
    layer, count = Dropout(rate, 1), 200_000
    layer.uniform = torch.rand(count, 1, generator=torch.Generator().manual_seed(0))
    output = layer(torch.ones(count, 1))
    error = (rate / (1 - rate) / count) ** 0.5
    assert output.mean().item() == pytest.approx(1, abs=5 * error + 1e-6)
    assert (output == 0).float().mean().item() == pytest.approx(rate, abs=0.006)


def test_dropout_is_the_identity_in_evaluation():
    layer, inputs = Dropout(0.5, (2, 3)).eval(), torch.randn(4, 2, 3)
    assert layer(inputs) is inputs
    assert layer.units == (2, 3)
    assert Dropout(0.5, 3).units == (3,)


def test_dropout_takes_its_draws_as_a_buffer():
    network = torch.nn.Sequential(torch.nn.Linear(2, 3), Dropout(0.5, 3))
    assert network.state_dict()["1.uniform"].numel() == 0
    inputs, draws = torch.randn(4, 2), torch.rand(4, 3)
    given = {**dict(network.named_parameters()), "1.uniform": draws}
    expected = 2 * network[0](inputs) * (draws >= 0.5)
    torch.testing.assert_close(functional_call(network, given, (inputs,)), expected)
    assert network[1].uniform.numel() == 0


@pytest.mark.parametrize("shape", [(0,), (3, 2), (4, 3), (4,), (4, 1)])
def test_dropout_refuses_draws_that_do_not_fit(shape):
    layer = Dropout(0.5, 2)
    layer.uniform = torch.rand(shape)
    with pytest.raises(ValueError, match=r"draws of shape \(4, 2\)"):
        layer(torch.ones(4, 2))


@pytest.mark.parametrize("rate", [-0.1, 1.0, 1.5])
def test_dropout_refuses_a_rate_that_is_none(rate):
    with pytest.raises(ValueError, match="dropout rate"):
        Dropout(rate, 2)
