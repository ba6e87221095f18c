"""The networks of the published protocols on points, layer by layer, and how they start."""

import math

import pytest
import torch
from torch import nn

from bench.architectures.base import Form
from bench.architectures.pacgan_mlp import PacGANMLP
from bench.architectures.unrolled_mlp import UnrolledMLP
from bench.architectures.veegan_mlp import VEEGANMLP
from bench.layers import Maxout


def leaves(network, kind=nn.Module):
    return [m for m in network.modules() if not list(m.children()) and isinstance(m, kind)]


def sizes(network):
    return [(layer.in_features, layer.out_features) for layer in leaves(network, nn.Linear)]


def count(network):
    return sum(parameter.numel() for parameter in network.parameters())


def biases(network):
    return [layer.bias for layer in leaves(network, nn.Linear) if layer.bias is not None]


def test_pacgan_has_its_repositorys_layers():
    nets = PacGANMLP()
    generator, critic = nets.generator((2,)), nets.discriminator((2,))
    assert nets.latent == 2
    assert nets.latent_distribution == "normal"
    assert sizes(generator) == [(2, 400), (400, 400), (400, 400), (400, 400), (400, 2)]
    assert [type(layer) for layer in leaves(generator)] == [
        *[nn.Linear, nn.BatchNorm1d, nn.ReLU] * 4,
        nn.Linear,
    ]
    # Only the output has a bias of its own: the shift of batch normalisation is the others'.
    assert [layer.bias is None for layer in leaves(generator, nn.Linear)] == [True] * 4 + [False]
    assert count(generator) == 2 * 400 + 3 * 400**2 + 4 * 2 * 400 + 400 * 2 + 2
    maxouts = [layer for layer in critic.modules() if isinstance(layer, Maxout)]
    assert [(layer.units, layer.pieces) for layer in maxouts] == [(200, 5)] * 3
    assert count(critic) == 3 * 1000 + 2 * 201 * 1000 + 201
    assert not leaves(critic, nn.modules.batchnorm._BatchNorm | nn.Dropout)


@pytest.mark.parametrize("packing", [2, 4])
def test_a_packed_critic_of_pacgan_differs_in_its_first_layer_alone(packing):
    critic = PacGANMLP().discriminator((2 * packing,))
    assert sizes(critic) == [(2 * packing, 1000), (200, 1000), (200, 1000), (200, 1)]


def test_pacgans_weights_start_normal_with_deviation_two_hundredths():
    torch.manual_seed(0)
    nets = PacGANMLP()
    form = Form(minibatch="discrimination", classes=50)
    for network in (nets.generator((2,)), nets.discriminator((2,), form)):
        for layer in leaves(network, nn.Linear | nn.Embedding):
            values = layer.weight.detach()
            tolerance = 5 / math.sqrt(values.numel())
            assert values.std().item() == pytest.approx(0.02, rel=tolerance)
            assert abs(values.mean().item()) < 0.02 * tolerance
        assert not any(bias.any() for bias in biases(network))


def test_unrolled_gan_has_its_notebooks_layers():
    nets = UnrolledMLP()
    generator, critic = nets.generator((2,)), nets.discriminator((2,))
    assert sizes(generator) == [(256, 128), (128, 128), (128, 2)]
    assert sizes(critic) == [(2, 128), (128, 128), (128, 1)]
    for network in (generator, critic):
        kinds = [type(layer) for layer in leaves(network)]
        assert kinds == [nn.Linear, nn.Tanh] * 2 + [nn.Linear]


@pytest.mark.parametrize("gain", [1.4, 0.8])
def test_unrolled_gans_weights_start_orthogonal(gain):
    nets = UnrolledMLP(gain=gain)
    for network in (nets.generator((2,)), nets.discriminator((2,), Form(outputs=3))):
        for layer in leaves(network, nn.Linear):
            values = torch.linalg.svdvals(layer.weight.detach())
            torch.testing.assert_close(values, torch.full_like(values, gain), atol=1e-4, rtol=0)
        assert not any(bias.any() for bias in biases(network))


def test_columns_added_to_an_orthogonal_layer_weigh_no_more_than_the_others():
    torch.manual_seed(0)
    network = UnrolledMLP().discriminator((2,), Form(minibatch="stddev", outputs=200))
    values = network.last.weight.detach()
    assert values.shape == (200, 129)
    assert values[:, -1].norm().item() == pytest.approx(1.4, rel=0.3)
    assert values[:, :-1].norm(dim=0).max().item() == pytest.approx(1.4, rel=1e-3)


def test_veegan_has_its_notebooks_layers():
    nets = VEEGANMLP()
    generator, critic = nets.generator((2,)), nets.discriminator((2,))
    assert sizes(generator) == [(254, 128), (128, 128), (128, 2)]
    assert sizes(critic) == [(2, 128), (128, 1)]
    assert [type(layer) for layer in leaves(critic)] == [nn.Linear, nn.ReLU, nn.Linear]
    wide = VEEGANMLP(width=300, depth=3, discriminator_depth=2)
    assert sizes(wide.generator((1200,)))[-1] == (300, 1200)
    assert sizes(wide.discriminator((1200,))) == [(1200, 300), (300, 300), (300, 1)]


def test_veegans_weights_start_uniform_by_both_numbers_of_units():
    torch.manual_seed(0)
    nets = VEEGANMLP()
    for network in (nets.generator((2,)), nets.discriminator((2,))):
        for layer in leaves(network, nn.Linear):
            bound = math.sqrt(6 / (layer.in_features + layer.out_features))
            values = layer.weight.detach()
            assert 0.9 * bound < values.abs().max() <= bound
            tolerance = 5 / math.sqrt(values.numel())
            assert values.std().item() == pytest.approx(bound / math.sqrt(3), rel=tolerance)
        assert not any(bias.any() for bias in biases(network))
