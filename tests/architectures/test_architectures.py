"""Shapes, layers and refusals of the network families."""

import math

import pytest
import torch
from torch import nn

from bench import architectures
from bench.architectures.base import Form
from bench.architectures.dcgan import DCGAN
from bench.architectures.mlp import MLP
from bench.architectures.mlp_maxout import MLPMaxout
from bench.plugins import PluginError

SIDES = (8, 16, 28, 32, 64)
small = DCGAN(latent=6, width=4)


def leaves(network, kind=nn.Module):
    return [m for m in network.modules() if not list(m.children()) and isinstance(m, kind)]


def after_each(network, kind):
    """Return the types of the layers that follow each layer of ``kind``."""
    layers = leaves(network)
    return [
        [type(layer) for layer in layers[at + 1 : at + 3]]
        for at, layer in enumerate(layers)
        if isinstance(layer, kind)
    ]


def test_every_family_is_found_by_name():
    found = {name: architectures.load(path).__name__ for name, path in architectures.find().items()}
    families = {"dcgan": DCGAN, "mlp": MLP, "mlp-maxout": MLPMaxout}
    assert found.items() >= {name: family.__name__ for name, family in families.items()}.items()
    assert found.keys() >= {
        *("pacgan-mlp", "unrolled-mlp", "veegan-mlp", "dcgan-nobn", "mlp-dcgan", "infogan"),
        *("sndcgan", "resnet", "r3gan-resnet"),
    }


@pytest.mark.parametrize("name", architectures.find())
@pytest.mark.parametrize("shape", [(2,), (1, 8, 8), (1, 28, 28), (3, 32, 32), (3, 64, 64)])
def test_a_family_makes_what_it_takes_and_refuses_the_rest_in_one_sentence(name, shape):
    nets = architectures.create(architectures.find()[name], {"latent": 3})
    message = nets.refusal(shape)
    if message is None:
        samples = nets.generator(shape)(torch.randn(2, 3))
        assert samples.shape == (2, *shape)
        assert not torch.equal(samples[0], samples[1])
    else:
        assert message.startswith(f"{name} takes")
        assert "×".join(map(str, shape)) in message or f"{shape[0]}-dimensional" in message


@pytest.mark.parametrize(
    ("name", "shapes"),
    {
        "mlp": [(1,), (2,), (1200,)],
        "pacgan-mlp": [(1,), (2,), (1200,)],
        "unrolled-mlp": [(1,), (2,), (1200,)],
        "veegan-mlp": [(1,), (2,), (1200,)],
        "infogan": [(1, 8, 8), (1, 28, 28), (3, 32, 32), (3, 64, 64)],
        "mlp-dcgan": [(1, 8, 8), (1, 28, 28), (3, 32, 32), (3, 64, 64)],
        "dcgan-nobn": [(1, 8, 8), (1, 28, 28), (3, 32, 32), (3, 64, 64)],
        "sndcgan": [(1, 8, 8), (3, 32, 32), (3, 48, 48), (3, 64, 64)],
        "resnet": [(1, 8, 8), (1, 16, 16), (3, 28, 28), (3, 32, 32), (3, 64, 64)],
        "r3gan-resnet": [(1, 8, 8), (1, 16, 16), (3, 28, 28), (3, 32, 32), (3, 64, 64)],
    }.items(),
)
def test_the_shapes_a_family_is_there_for(name, shapes):
    nets = architectures.create(architectures.find()[name], {})
    assert [shape for shape in shapes if nets.refusal(shape)] == []


@pytest.mark.parametrize("name", ["sndcgan", "resnet", "r3gan-resnet", "infogan"])
@pytest.mark.parametrize("shape", [(2, 32, 32), (1, 32, 28), (1, 4, 4), (1, 30, 30), (1, 128, 128)])
def test_image_families_refuse_what_they_cannot_make(name, shape):
    nets = architectures.create(architectures.find()[name], {})
    size = "×".join(map(str, shape))
    assert nets.refusal(shape).startswith(f"{name} takes square images of 1 or 3 channels")
    assert nets.refusal(shape).endswith(f"these are {size}")


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("unrolled-mlp", {"gain": 0.0}),
        ("unrolled-mlp", {"gain": float("nan")}),
        ("infogan", {"hidden": 0}),
        ("r3gan-resnet", {"width": 24}),
    ],
)
def test_settings_that_make_no_network_are_refused_by_name(name, settings):
    with pytest.raises(PluginError, match=f"{name}: {next(iter(settings))}"):
        architectures.create(architectures.find()[name], settings)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("side", SIDES)
def test_dcgan_sizes_itself_to_the_images(side, channels):
    shape = (channels, side, side)
    assert small.refusal(shape) is None
    images = small.generator(shape)(torch.randn(3, 6))
    assert images.shape == (3, *shape)
    assert images.abs().max() <= 1
    for batch_norm in (True, False):
        assert small.discriminator(shape, Form(batch_norm=batch_norm))(images).shape == (3,)


@pytest.mark.parametrize(("side", "halvings"), [(8, 2), (16, 2), (28, 2), (32, 3), (64, 4)])
def test_dcgan_halves_the_image_by_strides_alone(side, halvings):
    generator, critic = small.generator((1, side, side)), small.discriminator((1, side, side))
    for network in (generator, critic):
        convolutions = leaves(network, nn.Conv2d | nn.ConvTranspose2d)
        assert [layer.stride[0] for layer in convolutions].count(2) == halvings
        names = {type(layer).__name__ for layer in leaves(network)}
        assert not any("Pool" in name or name == "Upsample" for name in names)
        # A linear layer projects the latent (as a convolution there) and reads off the logit.
        if network is generator:
            assert len(convolutions) == halvings + 1
            assert leaves(network, nn.Linear) == []
        else:
            assert len(convolutions) == halvings
            assert leaves(network, nn.Linear) == [network.last]


@pytest.mark.parametrize("side", SIDES)
def test_dcgan_normalises_all_but_the_generators_output_and_the_discriminators_ends(side):
    *hidden, last = after_each(small.generator((3, side, side)), nn.ConvTranspose2d)
    assert hidden
    assert all(follows == [nn.BatchNorm2d, nn.ReLU] for follows in hidden)
    assert last == [nn.Tanh]
    critic = small.discriminator((3, side, side))
    first, *hidden = after_each(critic, nn.Conv2d)
    assert first[0] is nn.LeakyReLU
    assert hidden
    assert all(follows == [nn.BatchNorm2d, nn.LeakyReLU] for follows in hidden)
    assert [type(layer) for layer in leaves(critic)][-2:] == [nn.Flatten, nn.Linear]


@pytest.mark.parametrize("side", SIDES)
def test_dcgan_without_batch_normalisation_treats_each_sample_alone(side):
    network = small.discriminator((1, side, side), Form(batch_norm=False))
    assert leaves(network, nn.BatchNorm2d) == []
    samples = torch.randn(4, 1, side, side)
    torch.testing.assert_close(network(samples)[:1], network(samples[:1]))
    # Nothing but the normalisation, and the bias that it would have made idle, differs.
    with_it = leaves(small.discriminator((1, side, side)), nn.Conv2d)
    for one, other in zip(leaves(network, nn.Conv2d), with_it, strict=True):
        assert one.weight.shape == other.weight.shape
        assert one.bias is not None


def test_dcgan_has_the_papers_layers_at_64():
    widths = [
        layer.out_channels
        for layer in leaves(DCGAN().discriminator((3, 64, 64)))
        if isinstance(layer, nn.Conv2d)
    ]
    assert widths == [64, 128, 256, 512]
    assert all(
        m.negative_slope == 0.2 for m in leaves(small.discriminator((3, 64, 64)), nn.LeakyReLU)
    )


def test_dcgan_starts_from_the_papers_weights():
    torch.manual_seed(0)
    nets, shape = DCGAN(latent=100, width=32), (1, 32, 32)
    autoencoder = Form(reconstruction="squared")
    for network in (
        nets.generator(shape),
        nets.discriminator(shape, Form(classes=10, minibatch="discrimination")),
        nets.discriminator(shape, autoencoder),
    ):
        kinds = nn.Conv2d | nn.ConvTranspose2d | nn.Linear | nn.Embedding
        for layer in leaves(network, kinds):
            count = layer.weight.numel()
            assert layer.weight.std().item() == pytest.approx(0.02, rel=5 / math.sqrt(count))
            assert abs(layer.weight.mean().item()) < 5 * 0.02 / math.sqrt(count)
            assert getattr(layer, "bias", None) is None or not layer.bias.any()
        for layer in leaves(network, nn.BatchNorm2d):
            assert layer.weight.mean().item() == pytest.approx(1, abs=0.02)
            assert not layer.bias.any()


@pytest.mark.parametrize(
    "shape", [(2,), (2, 32, 32), (1, 32, 28), (1, 4, 4), (1, 30, 30), (1, 128, 128)]
)
def test_dcgan_refuses_what_it_cannot_make(shape):
    message = small.refusal(shape)
    assert message.startswith("dcgan takes")


@pytest.mark.parametrize("dimension", [1, 2, 10])
@pytest.mark.parametrize("depth", [1, 3])
def test_mlp_sizes_itself_to_the_points(dimension, depth):
    nets = MLP(latent=5, width=7, depth=depth)
    assert nets.refusal((dimension,)) is None
    points = nets.generator((dimension,))(torch.randn(4, 5))
    assert points.shape == (4, dimension)
    for batch_norm in (True, False):
        network = nets.discriminator((dimension,), Form(batch_norm=batch_norm))
        assert network(points).shape == (4,)
        assert len(leaves(network, nn.ReLU)) == depth
        assert leaves(network, nn.modules.batchnorm._BatchNorm) == []


def test_mlp_refuses_images():
    assert "mlp takes vectors" in MLP().refusal((1, 8, 8))
