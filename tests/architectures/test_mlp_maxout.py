"""The maxout family: its layers, its dropout and its refusals."""

import pytest
import torch
from torch import nn

from bench.architectures.base import Form
from bench.architectures.mlp import MLP
from bench.architectures.mlp_maxout import MLPMaxout
from bench.layers import Dropout, Maxout


def kinds(network):
    return [
        (type(module).__name__, module.units)
        for module in network.modules()
        if isinstance(module, Maxout | Dropout)
    ]


def test_dropout_stands_behind_each_hidden_layer_and_not_at_the_points():
    network = MLPMaxout(width=7, depth=2).discriminator((3,))
    assert kinds(network) == [("Maxout", 7), ("Dropout", (7,))] * 2
    assert {m.rate for m in network.modules() if isinstance(m, Dropout)} == {0.5}
    assert {m.pieces for m in network.modules() if isinstance(m, Maxout)} == {5}


def test_dropout_at_the_input_is_a_setting():
    network = MLPMaxout(width=7, depth=1, kept_inputs=80).discriminator((3,))
    assert kinds(network) == [("Dropout", (3,)), ("Maxout", 7), ("Dropout", (7,))]
    rates = [m.rate for m in network.modules() if isinstance(m, Dropout)]
    assert rates == pytest.approx([0.2, 0.5])


def test_all_kept_is_no_dropout():
    network = MLPMaxout(width=7, depth=1, kept=100).discriminator((3,))
    assert kinds(network) == [("Maxout", 7)]
    assert network(torch.randn(4, 3)).shape == (4,)


def test_only_the_discriminators_hidden_layers_differ_from_mlp():
    nets, plain = MLPMaxout(width=6), MLP(width=6)
    torch.manual_seed(3)
    one = nets.generator((2,)).state_dict()
    torch.manual_seed(3)
    other = plain.generator((2,)).state_dict()
    assert one.keys() == other.keys()
    assert all(torch.equal(one[key], other[key]) for key in one)
    network = nets.discriminator((2,))
    assert not any(isinstance(module, nn.ReLU) for module in network.modules())
    assert network.last.weight.shape == plain.discriminator((2,)).last.weight.shape


def test_training_without_draws_is_refused_and_evaluation_needs_none():
    network = MLPMaxout().discriminator((2,), Form(outputs=2))
    with pytest.raises(ValueError, match="draws of shape"):
        network(torch.randn(4, 2))
    assert network.eval()(torch.randn(4, 2)).shape == (4, 2)


def test_refusals():
    for shape in ((2,), (1, 8, 8), (3, 28, 20)):
        assert MLPMaxout().refusal(shape) is None
        assert "100 percent" in MLPMaxout(kept=101).refusal(shape)
        assert "100 percent" in MLPMaxout(kept_inputs=150).refusal(shape)


def test_images_are_vectors_of_pixels():
    nets = MLPMaxout(latent=4, width=6, depth=2, kept_inputs=80)
    images = nets.generator((3, 4, 5))(10 * torch.randn(7, 4))
    assert images.shape == (7, 3, 4, 5)
    assert images.abs().max() <= 1
    network = nets.discriminator((3, 4, 5))
    assert kinds(network)[0] == ("Dropout", (60,))
    flat = nets.discriminator((60,))
    flat.load_state_dict(dict(zip(flat.state_dict(), network.state_dict().values(), strict=True)))
    torch.testing.assert_close(network.eval()(images), flat.eval()(images.flatten(1)))
