"""Maxout units and the dropout that they were made for."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Maxout(nn.Module):
    """Units that are each the largest of several affine maps (Goodfellow et al. 2013, section 3).

    Attributes:
        affine: All maps as one layer; those of a unit lie next to each other.
    """

    def __init__(self, inputs: int, units: int, pieces: int) -> None:
        super().__init__()
        self.units, self.pieces = units, pieces
        self.affine = nn.Linear(inputs, units * pieces)

    def forward(self, inputs: Tensor) -> Tensor:
        """Map ``[B, inputs]`` to ``[B, units]``."""
        maps: Tensor = self.affine(inputs)
        return maps.reshape(len(inputs), self.units, self.pieces).amax(dim=2)


class Dropout(nn.Module):
    """Dropout whose randomness is handed in (Srivastava et al. 2014), scaled in training.

    In training a unit is kept where its number in the buffer ``uniform`` is at least ``rate``,
    and then divided by 1 − rate. In evaluation the layer is the identity. The buffer is an empty
    placeholder; who runs the network puts draws from U(0, 1) in its place:

        functional_call(network, {**parameters, **buffers, "path.uniform": draws}, (samples,))

    Attributes:
        rate: Probability that a unit is dropped, in [0, 1).
        units: Shape of one sample at this layer; a batch needs draws ``[≥ B, *units]``.
        uniform: The draws; a batch takes the first B rows.
    """

    uniform: Tensor

    def __init__(self, rate: float, units: int | tuple[int, ...]) -> None:
        """Make the layer.

        Raises:
            ValueError: The rate is not in [0, 1).
        """
        super().__init__()
        if not 0 <= rate < 1:
            raise ValueError(f"a dropout rate is at least 0 and below 1, not {rate}")
        self.rate = rate
        self.units = (units,) if isinstance(units, int) else tuple(units)
        self.register_buffer("uniform", torch.empty(0))

    def forward(self, inputs: Tensor) -> Tensor:
        """Map ``[B, *units]`` to the same shape.

        Raises:
            ValueError: In training, the draws are missing, too few or of another shape.
        """
        if not self.training:
            return inputs
        if len(self.uniform) < len(inputs) or self.uniform.shape[1:] != self.units:
            raise ValueError(
                f"dropout in training needs draws of shape {(len(inputs), *self.units)} "
                f"in its buffer 'uniform', which has shape {tuple(self.uniform.shape)}"
            )
        kept = self.uniform[: len(inputs)] >= self.rate
        return inputs * kept.to(inputs.dtype) / (1 - self.rate)
