"""Draws the batches of several pairs at once, on the streams that training uses."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from bench.calibration.density import Density
from bench.training.streams import Streams


class Sampler:
    """Numbered batches of several densities of one dimension, one a run.

    Args:
        densities: The density of each run.
        name: The stream's name.
        size: Samples in a batch.
        streams: The runs' streams.
    """

    def __init__(
        self, densities: Sequence[Density], name: str, size: int, streams: Streams
    ) -> None:
        components = max(len(density.weights) for density in densities)

        def stacked(arrays: Sequence[np.ndarray], fill: float) -> Tensor:
            """Pad each array to as many components and stack them."""
            padded = [
                np.concatenate([array, np.full((components - len(array), *array.shape[1:]), fill)])
                for array in arrays
            ]
            return torch.tensor(np.stack(padded), dtype=torch.float32, device=streams.device)

        # A component beyond the last is above every draw from U(0, 1), and so never chosen.
        self._edges = stacked([np.cumsum(d.weights)[:-1] for d in densities], 2.0)[:, None, :]
        self._means = stacked([d.means for d in densities], 0.0)
        self._factors = stacked([d.factors for d in densities], 0.0)
        self._uniform = streams.uniform(f"{name}/component", size)
        self._normal = streams.normal(f"{name}/normal", size, densities[0].dimension)

    def __call__(self, index: int) -> Tensor:
        """Return batch number ``index`` of every run, ``[runs, size, d]``."""
        component = (self._uniform(index)[..., None] >= self._edges).sum(dim=-1)
        runs = torch.arange(len(component), device=component.device)[:, None]
        spread = (self._factors[runs, component] @ self._normal(index)[..., None]).squeeze(-1)
        return self._means[runs, component] + spread
