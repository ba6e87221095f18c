"""Two paths side by side, and resampling with a fixed filter."""

from __future__ import annotations

from torch import Tensor, nn


class Residual(nn.Module):
    """The sum of a branch and a shortcut (He et al. 2016).

    Attributes:
        branch: The path with the nonlinearities.
        shortcut: The other path; the identity by default.
    """

    def __init__(self, branch: nn.Module, shortcut: nn.Module | None = None) -> None:
        super().__init__()
        self.branch, self.shortcut = branch, shortcut or nn.Identity()

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the sum of what the two paths make of the same inputs."""
        branch: Tensor = self.branch(inputs)
        shortcut: Tensor = self.shortcut(inputs)
        return shortcut + branch


def doubled() -> list[nn.Module]:
    """Return layers that double maps by bilinear interpolation: the filter [1, 3, 3, 1]/4.

    The filter is a product of averages of two, [1, 1]⊛[1, 1]⊛[1, 1]: the first repeats each
    value, the others smooth. Outside a map there are zeros, as in Karras et al. 2020's code.
    """
    return [nn.Upsample(scale_factor=2), nn.ZeroPad2d(1), nn.AvgPool2d(2, 1), nn.AvgPool2d(2, 1)]


def halved() -> list[nn.Module]:
    """Return layers that halve maps behind the low-pass filter [1, 3, 3, 1]/8.

    The product of averages in the other order; outside a map there are zeros.
    """
    return [nn.ZeroPad2d(1), nn.AvgPool2d(2, 1), nn.AvgPool2d(2, 1), nn.AvgPool2d(2)]
