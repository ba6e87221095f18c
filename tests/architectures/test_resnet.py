"""The residual networks of SNGAN: blocks, sizes, weights, and one block by hand."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from bench.architectures.base import Form
from bench.architectures.resnet import ResNet
from bench.layers import Residual


def blocks(network):
    return [module for module in network.modules() if isinstance(module, Residual)]


def widths(network):
    """Return input and output channels of each block."""
    found = []
    for block in blocks(network):
        convolutions = [part for part in block.branch if isinstance(part, nn.Conv2d)]
        assert [layer.kernel_size for layer in convolutions] == [(3, 3)] * 2
        found.append((convolutions[0].in_channels, convolutions[1].out_channels))
    return found


def count(network):
    return sum(parameter.numel() for parameter in network.parameters())


def sides(network, image):
    """Return the side of the maps behind each block."""
    found = []
    for block in blocks(network):
        block.register_forward_hook(lambda *call: found.append(call[2].shape[-1]))
    network(image)
    return found


def test_the_papers_table_at_32():
    generator, critic = ResNet().generator((3, 32, 32)), ResNet().discriminator((3, 32, 32))
    assert widths(generator) == [(256, 256)] * 3
    assert widths(critic) == [(3, 128), *[(128, 128)] * 3]
    assert sides(generator.eval(), torch.randn(1, 128)) == [8, 16, 32]
    assert sides(critic, torch.randn(1, 3, 32, 32)) == [16, 8, 8, 8]
    block = 2 * (9 * 256**2) + 256 + 2 * 2 * 256 + 256**2 + 256
    last = 2 * 256 + 9 * 256 * 3 + 3
    assert count(generator) == 128 * 4096 + 4096 + 3 * block + last
    block = 2 * (9 * 128**2 + 128)
    first = 9 * 3 * 128 + 128 + 9 * 128**2 + 128 + 3 * 128 + 128
    assert count(critic) == first + 3 * block + 128**2 + 128 + 128 + 1


def test_the_authors_networks_at_64():
    generator, critic = ResNet().generator((3, 64, 64)), ResNet().discriminator((3, 64, 64))
    pyramid = [(1024, 512), (512, 256), (256, 128), (128, 64)]
    assert widths(generator) == pyramid
    assert widths(critic) == [(3, 64), *((after, before) for before, after in pyramid[::-1])]
    small = ResNet(width=4)
    assert sides(small.generator((3, 64, 64)).eval(), torch.randn(1, 128)) == [8, 16, 32, 64]
    critic = small.discriminator((3, 64, 64))
    assert sides(critic, torch.randn(1, 3, 64, 64)) == [32, 16, 8, 4, 2]


@pytest.mark.parametrize(
    ("side", "starts", "ends"), [(8, 4, 2), (16, 4, 4), (28, 7, 7), (20, 5, 5)]
)
def test_smaller_images(side, starts, ends):
    nets = ResNet(width=4)
    generator, critic = nets.generator((1, side, side)), nets.discriminator((1, side, side))
    assert sides(generator.eval(), torch.randn(1, 128))[0] == 2 * starts
    assert sides(critic, torch.randn(1, 1, side, side)) == [side // 2, ends, ends, ends]


def test_only_the_generator_normalises():
    nets = ResNet(width=4)
    norms = nn.modules.batchnorm._BatchNorm
    for form in (Form(), Form(reconstruction="squared")):
        network = nets.discriminator((1, 16, 16), form)
        assert not any(isinstance(part, norms) for part in network.modules())
        assert not list(network.buffers())
    found = [m for m in nets.generator((1, 16, 16)).modules() if isinstance(m, norms)]
    assert len(found) == 2 * 2 + 1


def test_a_doubling_block_by_hand():
    torch.manual_seed(0)
    block = blocks(ResNet(width=2).generator((1, 8, 8)))[0].eval()
    first_norm, _, _, first, second_norm, _, second = block.branch
    maps = torch.randn(3, 4, 5, 5)
    up = F.interpolate(F.relu(first_norm(maps)), scale_factor=2, mode="nearest")
    branch = second(F.relu(second_norm(first(up))))
    # As in the authors' code: the shortcut doubles first and then mixes the channels.
    shortcut = block.shortcut[0](F.interpolate(maps, scale_factor=2, mode="nearest"))
    torch.testing.assert_close(block(maps), shortcut + branch)


def test_a_halving_block_and_the_first_by_hand():
    torch.manual_seed(0)
    first, block, plain, _ = blocks(ResNet(width=3).discriminator((2, 8, 8)))
    images, maps = torch.randn(2, 2, 8, 8), torch.randn(2, 3, 4, 4)
    convolutions = [part for part in first.branch if isinstance(part, nn.Conv2d)]
    branch = F.avg_pool2d(convolutions[1](F.relu(convolutions[0](images))), 2)
    shortcut = first.shortcut[1](F.avg_pool2d(images, 2))
    torch.testing.assert_close(first(images), shortcut + branch)
    convolutions = [part for part in block.branch if isinstance(part, nn.Conv2d)]
    branch = F.avg_pool2d(convolutions[1](F.relu(convolutions[0](F.relu(maps)))), 2)
    shortcut = F.avg_pool2d(block.shortcut[1](maps), 2)
    torch.testing.assert_close(block(maps), shortcut + branch)
    assert isinstance(plain.shortcut, nn.Identity)


def test_features_are_sums_over_places_of_what_is_positive():
    network = ResNet(width=3).discriminator((1, 16, 16))
    images = torch.randn(2, 1, 16, 16)
    maps = network.body[:4](images)
    expected = F.relu(maps).sum(dim=(2, 3))
    torch.testing.assert_close(network(images, only_features=True), expected)


def test_weights_start_uniform_with_branches_larger():
    torch.manual_seed(0)
    nets = ResNet(width=16)
    for network in (nets.generator((3, 32, 32)), nets.discriminator((3, 32, 32), Form(classes=9))):
        inside = {id(part) for block in blocks(network) for part in block.branch.modules()}
        seen = 0
        for layer in network.modules():
            if isinstance(layer, nn.Conv2d | nn.Linear | nn.Embedding):
                values = layer.weight.detach()
                area = values[0, 0].numel()
                gain = math.sqrt(2) if id(layer) in inside else 1
                bound = gain * math.sqrt(6 / (area * (values.shape[0] + values.shape[1])))
                assert 0.9 * bound < values.abs().max() <= bound * (1 + 1e-6)
                deviation = bound / math.sqrt(3)
                tolerance = 5 / math.sqrt(values.numel())
                assert values.std().item() == pytest.approx(deviation, rel=tolerance)
                assert getattr(layer, "bias", None) is None or not layer.bias.any()
                seen += 1
        assert seen > 8
