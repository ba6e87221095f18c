"""The plain convolutional families, layer by layer, and how they start."""

import math

import pytest
import torch
from torch import nn

from bench.architectures.base import Form
from bench.architectures.dcgan import DCGAN
from bench.architectures.dcgan_nobn import DCGANWithoutBatchNorm
from bench.architectures.infogan import InfoGAN
from bench.architectures.mlp_dcgan import MLPDCGAN
from bench.architectures.sndcgan import SNDCGAN

CONVOLUTIONS = nn.Conv2d | nn.ConvTranspose2d
NORMS = nn.modules.batchnorm._BatchNorm


def leaves(network, kind=nn.Module):
    return [m for m in network.modules() if not list(m.children()) and isinstance(m, kind)]


def table(network):
    """Return kind, side of the kernel, stride and channels of each convolution or linear layer."""
    rows = []
    for layer in leaves(network, CONVOLUTIONS | nn.Linear):
        if isinstance(layer, nn.Linear):
            rows.append(("linear", layer.out_features))
        else:
            up = isinstance(layer, nn.ConvTranspose2d)
            rows.append(
                ("up" if up else "conv", layer.kernel_size[0], layer.stride[0], layer.out_channels)
            )
    return rows


def followers(network):
    """Return the activation or normalisation layers behind each layer with weights."""
    found = []
    for layer in leaves(network):
        if isinstance(layer, CONVOLUTIONS | nn.Linear):
            found.append([])
        elif not isinstance(layer, nn.Flatten | nn.Unflatten):
            found[-1].append(type(layer).__name__)
    return found


def check_normal(layer, deviation=0.02):
    values = layer.weight.detach()
    tolerance = 5 / math.sqrt(values.numel())
    assert values.std().item() == pytest.approx(deviation, rel=tolerance)
    assert abs(values.mean().item()) < deviation * tolerance
    assert getattr(layer, "bias", None) is None or not layer.bias.any()


@pytest.mark.parametrize("side", [8, 28, 64])
def test_dcgan_without_batch_normalisation_has_dcgans_layers_and_biases(side):
    shape = (3, side, side)
    nets, normalised = DCGANWithoutBatchNorm(latent=6, width=4), DCGAN(latent=6, width=4)
    for network, other in (
        (nets.generator(shape), normalised.generator(shape)),
        (nets.discriminator(shape), normalised.discriminator(shape)),
    ):
        assert leaves(network, NORMS) == []
        assert leaves(other, NORMS) != []
        assert table(network) == table(other)
        assert all(layer.bias is not None for layer in leaves(network, CONVOLUTIONS))
        for layer in leaves(network, CONVOLUTIONS | nn.Linear):
            assert not layer.bias.any()


def test_a_perceptron_generates_against_dcgans_discriminator():
    nets, shape = MLPDCGAN(), (3, 16, 16)
    generator = nets.generator(shape)
    assert table(generator) == [("linear", 512)] * 4 + [("linear", 3 * 16 * 16)]
    assert followers(generator) == [["ReLU"]] * 4 + [["Tanh"]]
    assert leaves(generator, NORMS | CONVOLUTIONS) == []
    for form in (Form(), Form(batch_norm=False), Form(reconstruction="squared")):
        torch.manual_seed(1)
        network = nets.discriminator(shape, form)
        torch.manual_seed(1)
        other = DCGAN().discriminator(shape, form)
        assert network.state_dict().keys() == other.state_dict().keys()
        for one, two in zip(network.parameters(), other.parameters(), strict=True):
            assert torch.equal(one, two)


@pytest.mark.parametrize("side", [8, 28, 32, 64])
def test_infogan_has_the_published_layers(side):
    generator = InfoGAN().generator((1, side, side))
    assert InfoGAN().latent == 64
    assert InfoGAN.latent_distribution == "uniform"
    assert table(generator) == [
        ("linear", 1024),
        ("linear", 128 * (side // 4) ** 2),
        ("up", 4, 2, 64),
        ("up", 4, 2, 1),
    ]
    norms = ["BatchNorm1d", "BatchNorm1d", "BatchNorm2d"]
    assert followers(generator) == [*([norm, "LeakyReLU"] for norm in norms), ["Tanh"]]
    critic = InfoGAN().discriminator((1, side, side))
    layers = [("conv", 4, 2, 64), ("conv", 4, 2, 128), ("linear", 1024), ("linear", 1)]
    assert table(critic) == layers
    first, *others = followers(critic)
    assert first == ["LeakyReLU"]
    assert others == [["BatchNorm2d", "LeakyReLU"], ["BatchNorm1d", "LeakyReLU"], []]
    for network in (generator, critic):
        assert {layer.negative_slope for layer in leaves(network, nn.LeakyReLU)} == {0.2}
        assert {layer.eps for layer in leaves(network, NORMS)} == {1e-3}


def test_infogan_has_the_published_number_of_parameters_but_for_idle_biases():
    kernels = 16 * 64 + 16 * 64 * 128 + 128 * 49 * 1024 + 1024
    shifts = 64 + 2 * 128 + 2 * 1024 + 1
    found = sum(p.numel() for p in InfoGAN().discriminator((1, 28, 28)).parameters())
    assert found == kernels + shifts
    kernels = 64 * 1024 + 1024 * 128 * 49 + 16 * 128 * 64 + 16 * 64
    shifts = 2 * 1024 + 2 * 128 * 49 + 2 * 64 + 1
    found = sum(p.numel() for p in InfoGAN().generator((1, 28, 28)).parameters())
    assert found == kernels + shifts


def test_infogans_discriminator_without_batch_normalisation():
    nets = InfoGAN(width=2, hidden=8, batch_normalised=False)
    network = nets.discriminator((1, 8, 8))
    assert leaves(network, NORMS) == []
    assert leaves(nets.generator((1, 8, 8)), NORMS) != []
    same = InfoGAN(width=2, hidden=8).discriminator((1, 8, 8), Form(batch_norm=False))
    shapes = [parameter.shape for parameter in network.parameters()]
    assert shapes == [parameter.shape for parameter in same.parameters()]


def test_infogan_starts_from_the_published_weights():
    torch.manual_seed(0)
    nets = InfoGAN()
    generator, critic = nets.generator((1, 28, 28)), nets.discriminator((1, 28, 28))
    for layer in leaves(generator, CONVOLUTIONS | nn.Linear) + leaves(critic, nn.Linear):
        check_normal(layer)
    # A normal number within two deviations has 0.8796 of the deviation.
    for layer in leaves(critic, nn.Conv2d):
        check_normal(layer, 0.02 * 0.8796)
        assert layer.weight.abs().max() <= 0.04


@pytest.mark.parametrize("side", [8, 32, 48])
def test_sndcgan_has_the_papers_layers(side):
    generator = SNDCGAN().generator((3, side, side))
    rises = [("up", 4, 2, width) for width in (256, 128, 64)]
    assert table(generator) == [("linear", 512 * (side // 8) ** 2), *rises, ("conv", 3, 1, 3)]
    assert followers(generator) == [
        ["BatchNorm1d", "ReLU"],
        *[["BatchNorm2d", "ReLU"]] * 3,
        ["Tanh"],
    ]
    critic = SNDCGAN().discriminator((3, side, side))
    widths = [(3, 1, 64), (4, 2, 64), (3, 1, 128), (4, 2, 128), (3, 1, 256), (4, 2, 256)]
    assert table(critic) == [
        *(("conv", *row) for row in [*widths, (3, 1, 512)]),
        ("linear", 1),
    ]
    assert followers(critic) == [["LeakyReLU"]] * 7 + [[]]
    assert {layer.negative_slope for layer in leaves(critic, nn.LeakyReLU)} == {0.1}
    assert critic.last.in_features == 512 * (side // 8) ** 2


def test_sndcgan_as_in_the_published_code_widens_where_it_halves():
    rows = table(SNDCGAN(widened=True).discriminator((3, 32, 32)))
    widths = [(3, 1, 64), (4, 2, 128), (3, 1, 128), (4, 2, 256), (3, 1, 256), (4, 2, 512)]
    assert rows == [*(("conv", *row) for row in [*widths, (3, 1, 512)]), ("linear", 1)]


def test_sndcgan_starts_from_the_published_weights():
    torch.manual_seed(0)
    nets, shape = SNDCGAN(width=32), (3, 32, 32)
    for network in (
        nets.generator(shape),
        nets.discriminator(shape, Form(classes=10)),
        nets.discriminator(shape, Form(reconstruction="absolute")),
    ):
        for layer in leaves(network, CONVOLUTIONS | nn.Linear | nn.Embedding):
            check_normal(layer)
