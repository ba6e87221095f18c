"""R3GAN's residual networks: sizes of the published presets, and how they start: as identities."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from bench.architectures.base import Form
from bench.architectures.r3gan_resnet import R3GANResNet
from bench.layers import Residual, doubled, halved

PUBLISHED = R3GANResNet(width=768)


def blocks(network):
    return [module for module in network.modules() if isinstance(module, Residual)]


def count(network):
    return sum(parameter.numel() for parameter in network.parameters())


def block_size(channels):
    wide = 2 * channels
    # 16 channels a group: 96 groups of 1536 channels in the preset for CIFAR-10.
    return channels * wide + wide + wide * 16 * 9 + wide + wide * channels


@pytest.fixture(scope="module")
def meta():
    """Build on no device: only the shapes of a large network are asked for."""

    def build(make):
        with torch.device("meta"):
            return make()

    return build


def test_the_preset_for_cifar10(meta):
    generator = meta(lambda: PUBLISHED.generator((3, 32, 32)))
    critic = meta(lambda: PUBLISHED.discriminator((3, 32, 32)))
    blocks_alone = 8 * block_size(768)
    assert PUBLISHED.latent == 64
    assert count(generator) == blocks_alone + 64 * 768 + 16 * 768 + 3 * 768
    # Here the last layer has a bias.
    assert count(critic) == blocks_alone + 3 * 768 + 16 * 768 + 768 + 1
    for network in (generator, critic):
        assert {block.branch[2].groups for block in blocks(network)} == {96}


def test_the_preset_for_64_has_half_the_channels_in_its_finest_stage(meta):
    generator = meta(lambda: PUBLISHED.generator((3, 64, 64)))
    critic = meta(lambda: PUBLISHED.discriminator((3, 64, 64)))
    found = [block.branch[0].in_channels for block in blocks(generator)]
    assert found == [768] * 8 + [384] * 2
    assert [block.branch[0].in_channels for block in blocks(critic)] == found[::-1]
    assert [block.branch[2].groups for block in blocks(generator)] == [96] * 8 + [48] * 2
    expected = 8 * block_size(768) + 2 * block_size(384) + 768 * 384
    assert count(generator) == expected + 64 * 768 + 16 * 768 + 3 * 384


@pytest.mark.parametrize(
    ("side", "stages", "coarsest"), [(8, 2, 4), (16, 3, 4), (28, 3, 7), (32, 4, 4), (64, 5, 4)]
)
def test_stages_go_down_to_a_side_that_is_odd_or_at_most_four(side, stages, coarsest):
    nets = R3GANResNet(width=4, blocks=3, group=2)
    seen = []
    for network, inputs in (
        (nets.generator((1, side, side)), torch.randn(1, 64)),
        (nets.discriminator((1, side, side)), torch.randn(1, 1, side, side)),
    ):
        assert len(blocks(network)) == 3 * stages
        for block in blocks(network):
            block.register_forward_hook(lambda *call: seen.append(call[2].shape[-1]))
        network(inputs)
    rising = [coarsest * 2**stage for stage in range(stages) for _ in range(3)]
    assert seen == rising + rising[::-1]


def test_there_is_no_normalisation_anywhere():
    nets = R3GANResNet(width=4, group=2)
    for network in (nets.generator((1, 16, 16)), nets.discriminator((1, 16, 16))):
        assert not any("Norm" in type(module).__name__ for module in network.modules())
        assert not list(network.buffers())


def test_every_block_is_the_identity_at_first():
    nets = R3GANResNet(width=8, group=4)
    for network in (nets.generator((3, 32, 32)), nets.discriminator((3, 32, 32))):
        maps = torch.randn(2, 8, 4, 4)
        for block in blocks(network):
            assert torch.equal(block(maps), maps)
            assert block.branch[:-1](maps).abs().max() > 0


def test_the_networks_are_linear_at_first_and_given_by_their_resampling():
    torch.manual_seed(0)
    nets, shape = R3GANResNet(latent=5, width=8, group=4), (3, 16, 16)
    generator, critic = nets.generator(shape), nets.discriminator(shape)
    latents, images = torch.randn(4, 5), torch.randn(4, *shape)
    linear, maps = generator[0], generator[2]
    start = maps.weight[:, 0] * linear(latents)[:, :, None, None]
    up, down = nn.Sequential(*doubled()), nn.Sequential(*halved())
    torch.testing.assert_close(generator(latents), generator[-1](up(up(start))))
    coarse = down(down(critic.body[0](images)))
    features = (coarse * critic.body[-2].weight[:, 0]).sum(dim=(2, 3))
    torch.testing.assert_close(critic(images, only_features=True), features)


def test_a_block_by_hand():
    torch.manual_seed(0)
    (block, _) = blocks(R3GANResNet(width=4, blocks=1, group=2).discriminator((1, 8, 8)))
    first, _, second, _, third = block.branch
    nn.init.normal_(third.weight)
    maps = torch.randn(2, 4, 6, 6)
    wide = F.leaky_relu(F.conv2d(maps, first.weight, first.bias), 0.2)
    parts = [
        F.conv2d(wide[:, at : at + 2], second.weight[at : at + 2], second.bias[at : at + 2], 1, 1)
        for at in range(0, 8, 2)
    ]
    branch = F.conv2d(F.leaky_relu(torch.cat(parts, dim=1), 0.2), third.weight)
    torch.testing.assert_close(block(maps), maps + branch)


@pytest.mark.parametrize("amount", [1, 2])
def test_weights_start_with_the_published_deviations(amount):
    torch.manual_seed(0)
    nets = R3GANResNet(width=32, blocks=amount)
    gain = math.sqrt(2 / 1.04) * (4 * amount) ** -0.25
    form = Form(classes=5)
    for network in (nets.generator((3, 32, 32)), nets.discriminator((3, 32, 32), form)):
        inside = {id(part) for block in blocks(network) for part in block.branch}
        for layer in network.modules():
            if not isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
                continue
            values = layer.weight.detach()
            expected = (gain if id(layer) in inside else 1) / math.sqrt(values[0].numel())
            if isinstance(layer, nn.ConvTranspose2d):
                expected = 1.0
            if id(layer) in inside and layer.out_channels == 32:
                assert not values.any()
                assert layer.bias is None
                continue
            tolerance = 5 / math.sqrt(values.numel())
            assert values.std().item() == pytest.approx(expected, rel=tolerance)
            assert layer.bias is None or not layer.bias.any()
