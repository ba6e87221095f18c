"""Hidden layers one behind another."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from torch import nn


def hidden(
    inputs: int, width: int, depth: int, layer: Callable[[int, int], list[nn.Module]]
) -> list[nn.Module]:
    """Return ``depth`` layers of ``width`` units, each ``layer(units before, units)``."""
    sizes = [inputs] + [width] * depth
    return [module for before, after in pairwise(sizes) for module in layer(before, after)]
