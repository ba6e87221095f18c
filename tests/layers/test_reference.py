"""Virtual batch normalisation against statistics of the reference and one row, joined."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.autograd import gradcheck

from bench.architectures.base import Form
from bench.architectures.dcgan import DCGAN
from bench.architectures.mlp import MLP
from bench.layers import VirtualBatchNorm, mixes_samples, with_reference

SHAPES = {"vectors": (3,), "maps": (3, 4, 2)}
shapes = pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
nets = DCGAN(latent=5, width=4)


def norm_of(shape):
    norm = (nn.BatchNorm1d if len(shape) == 1 else nn.BatchNorm2d)(shape[0]).double()
    nn.init.normal_(norm.weight, 1.0, 0.5)
    nn.init.normal_(norm.bias)
    return norm


def normalised(rows, by, norm):
    """Return ``rows`` normalised by the mean and variance of the rows ``by``, in numpy."""
    axes = (0, *range(2, rows.ndim))
    mean, variance = by.mean(axis=axes, keepdims=True), by.var(axis=axes, keepdims=True)
    shape = (1, -1, *[1] * (rows.ndim - 2))
    weight, bias = (value.detach().numpy().reshape(shape) for value in (norm.weight, norm.bias))
    return (rows - mean) / np.sqrt(variance + 1e-5) * weight + bias


@shapes
@pytest.mark.parametrize("rows", [1, 6])
def test_each_row_is_normalised_by_the_reference_and_itself(shape, rows):
    torch.manual_seed(0)
    norm = norm_of(shape)
    inputs = torch.randn(rows + 4, *shape, dtype=torch.float64) * 2 + 1
    output = VirtualBatchNorm(norm, rows)(inputs).detach().numpy()
    data = inputs.numpy()
    np.testing.assert_allclose(output[:rows], normalised(data[:rows], data[:rows], norm))
    for row in range(rows, rows + 4):
        joined = np.concatenate([data[:rows], data[row : row + 1]])
        expected = normalised(data[row : row + 1], joined, norm)
        np.testing.assert_allclose(output[row : row + 1], expected)


@shapes
def test_the_reference_is_normalised_as_batch_normalisation_would(shape):
    norm = norm_of(shape)
    inputs = torch.randn(9, *shape, dtype=torch.float64)
    expected = norm(inputs[:5])
    torch.testing.assert_close(VirtualBatchNorm(norm, 5)(inputs)[:5], expected)


@shapes
def test_no_row_of_the_batch_influences_another(shape):
    layer = VirtualBatchNorm(norm_of(shape), 3)
    inputs = torch.randn(7, *shape, dtype=torch.float64)
    jacobian = torch.autograd.functional.jacobian(lambda x: layer(x).flatten(1).sum(1), inputs)
    influence = jacobian.flatten(2).abs().sum(2)
    # Of each output row (first axis) on each input row: only itself and the reference.
    assert (influence[3:, 3:] - torch.diag(influence[3:, 3:].diag())).max() == 0
    assert influence[:3, 3:].max() == 0
    assert influence[3:, :3].min() > 0


@shapes
def test_it_is_exact_far_from_the_origin(shape):
    layer = VirtualBatchNorm(norm_of(shape).float(), 4)
    inputs = torch.randn(6, *shape)
    torch.testing.assert_close(layer(inputs + 1000), layer(inputs), atol=1e-2, rtol=1e-2)


@shapes
def test_gradients(shape):
    layer = VirtualBatchNorm(norm_of(shape), 3)
    assert gradcheck(layer, torch.randn(5, *shape, dtype=torch.float64, requires_grad=True))


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("player", ["generator", "discriminator", "autoencoder"])
def test_a_network_with_a_reference_treats_each_sample_alone(player, training):
    torch.manual_seed(0)
    if player == "generator":
        network, inputs = nets.generator((1, 8, 8)), torch.randn(10, 5)
    else:
        form = Form(reconstruction="squared" if player == "autoencoder" else "")
        network, inputs = nets.discriminator((1, 8, 8), form), torch.randn(10, 1, 8, 8)
    virtual = with_reference(network, inputs[:4]).train(training)
    assert mixes_samples(network)
    assert not mixes_samples(virtual)
    output = virtual(inputs[4:])
    assert output.shape == network(inputs[4:]).shape
    for row in range(4, 10):
        torch.testing.assert_close(virtual(inputs[row : row + 1])[0], output[row - 4])
    # A large reference is what the batch statistics of ordinary normalisation approach.
    many = torch.cat([inputs[:1], torch.randn(4000, *inputs.shape[1:])])
    expected = network.train()(many)[:1]
    torch.testing.assert_close(with_reference(network, many)(many[:1]), expected, atol=1e-3, rtol=0)


def test_the_weights_are_kept_and_the_network_given_is_not_changed():
    network = nets.discriminator((1, 8, 8))
    before = {key: value.clone() for key, value in network.state_dict().items()}
    virtual = with_reference(network, torch.randn(3, 1, 8, 8))
    assert list(before) == list(network.state_dict())
    kept = {key.replace(".network", ""): value for key, value in virtual.named_parameters()}
    assert kept.keys() == before.keys()
    assert all(torch.equal(kept[key], before[key]) for key in before)
    assert [key for key, _ in virtual.named_buffers()] == ["body.reference"]
    with torch.no_grad():
        next(virtual.parameters()).zero_()
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())


def test_layers_behind_the_body_do_not_see_the_reference():
    samples = torch.randn(6, 1, 8, 8)
    for form in (Form(classes=3), Form(minibatch="stddev"), Form(minibatch="discrimination")):
        network = with_reference(nets.discriminator((1, 8, 8), form), torch.randn(4, 1, 8, 8))
        labels = torch.tensor([0, 1, 2, 0, 1, 2]) if form.classes else None
        assert network(samples, labels).shape == (6,)
        features = network(samples, only_features=True)
        assert features.shape == (6, 32)
        if form.minibatch == "stddev":
            spread = features.detach().numpy().std(axis=0).mean()
            seen = network.minibatch(features)[:, -1].detach().numpy()
            np.testing.assert_allclose(seen, spread, rtol=1e-3)


def test_an_autoencoder_with_a_reference_still_gives_its_code():
    network = nets.discriminator((1, 8, 8), Form(reconstruction="absolute"))
    virtual = with_reference(network, torch.randn(4, 1, 8, 8))
    assert virtual(torch.randn(3, 1, 8, 8), only_features=True).shape == (3, 5)
    assert virtual(torch.randn(3, 1, 8, 8), None, True).shape == (3, 5)


@pytest.mark.parametrize(
    "network",
    [
        MLP().discriminator((2,)),
        MLP().generator((2,)),
        nets.discriminator((1, 8, 8), Form(batch_norm=False)),
    ],
)
def test_a_network_without_batch_normalisation_is_refused(network):
    with pytest.raises(ValueError, match="no batch normalisation"):
        with_reference(network, torch.randn(2, 2))
