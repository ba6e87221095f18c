"""Residual sums, and resampling against the convolutions that it stands for."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from bench.layers import Residual, doubled, halved

FILTER = torch.tensor([1.0, 3.0, 3.0, 1.0], dtype=torch.float64) / 8
KERNEL = torch.outer(FILTER, FILTER)[None, None]


def by_channel(function, maps, kernel):
    """Apply a convolution of one channel to each channel."""
    batch, channels, *size = maps.shape
    moved = function(maps.reshape(batch * channels, 1, *size), kernel, stride=2, padding=1)
    return moved.reshape(batch, channels, *moved.shape[2:])


def test_a_residual_is_the_sum_of_its_paths():
    inputs = torch.randn(3, 4)
    branch, shortcut = nn.Linear(4, 4), nn.Linear(4, 4)
    assert torch.equal(Residual(branch)(inputs), inputs + branch(inputs))
    assert torch.equal(Residual(branch, shortcut)(inputs), shortcut(inputs) + branch(inputs))


@pytest.mark.parametrize("side", [1, 4, 7])
def test_doubling_is_the_transposed_convolution_with_the_filter(side):
    maps = torch.randn(2, 3, side, side, dtype=torch.float64)
    expected = by_channel(F.conv_transpose2d, maps, 4 * KERNEL)
    torch.testing.assert_close(nn.Sequential(*doubled())(maps), expected)


@pytest.mark.parametrize("side", [2, 8, 14])
def test_halving_is_the_convolution_with_the_filter(side):
    maps = torch.randn(2, 3, side, side, dtype=torch.float64)
    torch.testing.assert_close(nn.Sequential(*halved())(maps), by_channel(F.conv2d, maps, KERNEL))


def test_away_from_the_border_doubling_is_bilinear_interpolation():
    maps = torch.randn(2, 3, 6, 6)
    expected = F.interpolate(maps, scale_factor=2, mode="bilinear", align_corners=False)
    found = nn.Sequential(*doubled())(maps)
    torch.testing.assert_close(found[..., 1:-1, 1:-1], expected[..., 1:-1, 1:-1])


def test_away_from_the_border_resampling_keeps_a_constant():
    ones = torch.ones(1, 1, 8, 8)
    assert torch.equal(nn.Sequential(*doubled())(ones)[..., 1:-1, 1:-1], torch.ones(1, 1, 14, 14))
    assert torch.equal(nn.Sequential(*halved())(ones)[..., 1:-1, 1:-1], torch.ones(1, 1, 2, 2))
