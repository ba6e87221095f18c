"""Every family builds a discriminator for every form."""

import numpy as np
import pytest
import torch
from torch import nn

from bench import architectures
from bench.architectures.base import Form
from bench.architectures.dcgan import DCGAN
from bench.layers import Dropout, mixes_samples


def family(name, shape, features, code, **settings):
    return architectures.create(architectures.find()[name], settings), shape, features, code


POINTS, IMAGES = (2,), (1, 8, 8)
# Each with the number of its features and the dimension of its code as an autoencoder.
FAMILIES = {
    "mlp": family("mlp", POINTS, 8, 4, latent=3, width=8, depth=2),
    "mlp-maxout": family("mlp-maxout", POINTS, 8, 4, latent=3, width=8, depth=2),
    "mlp-maxout-images": family("mlp-maxout", IMAGES, 8, 4, latent=3, width=8, depth=2),
    "pacgan-mlp": family("pacgan-mlp", POINTS, 8, 4, latent=3, width=6, discriminator_width=8),
    "unrolled-mlp": family("unrolled-mlp", POINTS, 8, 4, latent=3, width=8),
    "veegan-mlp": family("veegan-mlp", POINTS, 8, 4, latent=3, width=8),
    "dcgan": family("dcgan", IMAGES, 8 * 2 * 2, 5, latent=5, width=4),
    "dcgan-nobn": family("dcgan-nobn", IMAGES, 8 * 2 * 2, 5, latent=5, width=4),
    "mlp-dcgan": family("mlp-dcgan", IMAGES, 8 * 2 * 2, 5, latent=5, width=4, generator_width=6),
    "infogan": family("infogan", IMAGES, 8, 5, latent=5, width=2, hidden=8),
    "infogan-nobn": family(
        "infogan", IMAGES, 8, 5, latent=5, width=2, hidden=8, **{"batch_normalised": False}
    ),
    "sndcgan": family("sndcgan", IMAGES, 16, 5, latent=5, width=2),
    "resnet": family("resnet", IMAGES, 4, 5, latent=5, width=4),
    "r3gan-resnet": family("r3gan-resnet", IMAGES, 4, 5, latent=5, width=4, group=2, blocks=1),
}
#: Those whose discriminator has batch normalisation.
NORMALISED = {"dcgan", "mlp-dcgan", "infogan"}
FORMS = {
    "plain": Form(),
    "no-batch-norm": Form(batch_norm=False),
    "outputs": Form(outputs=11),
    "discrimination": Form(minibatch="discrimination"),
    "stddev": Form(minibatch="stddev"),
    "discrimination-outputs": Form(minibatch="discrimination", outputs=3),
    "stddev-alone": Form(minibatch="stddev", batch_norm=False),
    "squared": Form(reconstruction="squared"),
    "absolute": Form(reconstruction="absolute", batch_norm=False),
    "classes": Form(classes=4),
    "classes-stddev": Form(classes=4, minibatch="stddev"),
}
families = pytest.mark.parametrize("family", FAMILIES)


def build(family, form, seed=0):
    nets, shape, *_ = FAMILIES[family]
    torch.manual_seed(seed)
    network = nets.discriminator(shape, form)
    for module in network.modules():
        if isinstance(module, Dropout):
            module.uniform = torch.rand(6, *module.units)
    return network, torch.randn(6, *shape)


def awake(network):
    """Give every matrix weights with which signals neither vanish nor grow."""
    for parameter in network.parameters():
        if parameter.ndim > 1:
            nn.init.normal_(parameter, 0.0, (2 / parameter[0].numel()) ** 0.5)
    return network


def test_every_family_that_ships_is_here():
    folder = architectures.REGISTRY.folder
    shipped = {name for name, path in architectures.find().items() if path.parent == folder}
    assert shipped
    assert shipped <= FAMILIES.keys()


@families
@pytest.mark.parametrize("name", FORMS)
def test_shapes(family, name):
    form = FORMS[name]
    network, samples = build(family, form)
    labels = torch.tensor([0, 1, 2, 3, 0, 1]) if form.classes else None
    output = network(samples, labels)
    assert output.shape == ((6,) if form.outputs == 1 else (6, form.outputs))
    assert torch.isfinite(output).all()
    features = network(samples, only_features=True)
    _, _, count, code = FAMILIES[family]
    if form.reconstruction:
        count = code
        assert (output > 0).all()
        assert network.decoder(features).shape == samples.shape
    assert features.shape == (6, count)


@families
@pytest.mark.parametrize("name", FORMS)
def test_a_form_mixes_samples_exactly_where_it_says_so(family, name):
    form = FORMS[name]
    network, samples = build(family, form)
    awake(network)
    labels = torch.tensor([0, 1, 2, 3, 0, 1]) if form.classes else None
    others = torch.cat([samples[:1], 3 * samples[1:] + 1])
    moved = (network(samples, labels) - network(others, labels))[0].abs().max() > 1e-6
    says = bool(form.minibatch) or (form.batch_norm and family in NORMALISED)
    assert moved == says == mixes_samples(network)


@families
def test_batch_norm_says_whether_both_networks_normalise(family):
    nets, shape, *_ = FAMILIES[family]
    found = [
        any(isinstance(part, nn.modules.batchnorm._BatchNorm) for part in network.modules())
        for network in (nets.discriminator(shape), nets.generator(shape))
    ]
    assert found[0] == (family in NORMALISED)
    assert all(found) == nets.batch_norm


@families
@pytest.mark.parametrize("name", ["plain", "squared"])
def test_a_discriminator_has_no_running_statistics(family, name):
    """They would mix real and generated samples."""
    nets, shape, *_ = FAMILIES[family]
    names = [name for name, _ in nets.discriminator(shape, FORMS[name]).named_buffers()]
    assert [name for name in names if not name.endswith(".uniform")] == []


@families
def test_a_packed_sample_has_as_many_channels_as_it_needs(family):
    nets, shape, *_ = FAMILIES[family]
    packed = (2 * shape[0], *shape[1:])
    network = nets.discriminator(packed, Form(batch_norm=False)).eval()
    assert network(torch.randn(3, *packed)).shape == (3,)


@families
@pytest.mark.parametrize("name", ["discrimination", "stddev", "classes", "classes-stddev"])
def test_what_is_added_leaves_the_plain_weights_as_a_seed_makes_them(family, name):
    """So runs with and without a technique are paired by their seed."""
    plain = dict(build(family, Form())[0].named_parameters())
    other = dict(build(family, FORMS[name])[0].named_parameters())
    columns = plain["last.weight"].shape[1]
    added = {"discrimination": 16, "stddev": 1, "": 0}[FORMS[name].minibatch]
    assert other["last.weight"].shape == (1, columns + added)
    other["last.weight"] = other["last.weight"][:, :columns]
    assert all(torch.equal(value, other[key]) for key, value in plain.items())


@pytest.mark.parametrize("family", ["mlp", "mlp-maxout"])
def test_a_perceptrons_autoencoder_starts_from_the_same_hidden_layers(family):
    plain = build(family, Form())[0].body.named_parameters()
    other = build(family, FORMS["absolute"])[0].encoder[0].named_parameters()
    pairs = list(zip(plain, other, strict=True))
    assert pairs
    assert all(torch.equal(one[1], two[1]) for one, two in pairs)


@families
def test_labels_move_the_logit_along_the_class_vector(family):
    network, samples = build(family, Form(classes=4))
    labels = torch.tensor([3, 1, 1, 0, 2, 3])
    features = network(samples, only_features=True).detach().double().numpy()
    weights = {key: value.double().numpy() for key, value in network.state_dict().items()}
    expected = [
        weights["last.weight"][0] @ row + weights["last.bias"][0] + weights["embed.weight"][y] @ row
        for row, y in zip(features, labels, strict=True)
    ]
    np.testing.assert_allclose(network(samples, labels).detach().numpy(), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"minibatch": "std"}, "'std'"),
        ({"reconstruction": "cubic"}, "'cubic'"),
        ({"outputs": 0}, "at least 1 output"),
        ({"classes": -1}, "negative"),
        ({"reconstruction": "squared", "outputs": 2}, "autoencoder"),
        ({"reconstruction": "squared", "minibatch": "stddev"}, "autoencoder"),
        ({"reconstruction": "squared", "classes": 3}, "autoencoder"),
        ({"classes": 3, "outputs": 2}, "one output"),
    ],
)
def test_a_form_that_contradicts_itself_is_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        Form(**settings)


@pytest.mark.parametrize("family", ["mlp", "mlp-maxout"])
@pytest.mark.parametrize(("width", "code"), [(1, 1), (2, 1), (9, 4)])
def test_a_perceptrons_code_has_half_its_width(family, width, code):
    nets = type(FAMILIES[family][0])(width=width)
    network = nets.discriminator((3,), Form(reconstruction="squared")).eval()
    assert network(torch.randn(2, 3), only_features=True).shape == (2, code)


@pytest.mark.parametrize("side", [8, 28, 64])
@pytest.mark.parametrize("batch_norm", [True, False])
def test_dcgans_autoencoder_is_a_critic_followed_by_a_generator(side, batch_norm):
    nets = DCGAN(latent=6, width=4)
    form = Form(reconstruction="absolute", batch_norm=batch_norm)
    network = nets.discriminator((3, side, side), form)

    def sizes(module):
        kinds = nn.Conv2d | nn.ConvTranspose2d
        return [layer.weight.shape for layer in module.modules() if isinstance(layer, kinds)]

    assert sizes(network.decoder) == sizes(nets.generator((3, side, side)))
    assert sizes(network.encoder) == sizes(nets.discriminator((3, side, side)))
    norms = [layer for layer in network.modules() if isinstance(layer, nn.BatchNorm2d)]
    assert bool(norms) == batch_norm
    assert not list(network.buffers())
