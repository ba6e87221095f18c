"""Batches for a cohort: what training sees, and what it never sees."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from bench.datasets.base import Dataset, Mixture
from bench.training.placement import Placed, place
from bench.training.streams import Streams


@dataclass(frozen=True)
class Batches:
    """Numbered batches of every seed.

    Attributes:
        labels: Returns the classes of batch ``index``, ``[seeds, batch]``.
    """

    _samples: Callable[[int], Tensor]
    labels: Callable[[int], Tensor]

    def __call__(self, index: int) -> Tensor:
        """Return batch number ``index`` of every seed, ``[seeds, batch, *shape]``."""
        return self._samples(index)


def batches(dataset: Dataset, split: str, name: str, size: int, streams: Streams) -> Batches:
    """Return the batches of a split, drawn independently for each seed.

    Args:
        dataset: Where the samples come from. A mixture is drawn afresh, so that its splits
            differ by the stream alone. Images that are not :class:`Placed` are placed for these
            batches alone.
        split: ``"train"`` or ``"validation"``; never the split that is reported.
        name: The stream's name.
        size: Samples in a batch.
        streams: The cohort's streams.
    """
    name = f"{name}/{dataset.name}/{split}"
    if isinstance(dataset, Mixture):
        return _mixture_batches(dataset, name, size, streams)
    if not isinstance(dataset, Placed):
        dataset = place(dataset, streams.device, splits=(split,))
    labels = torch.from_numpy(dataset.labels[split]).to(streams.device)
    # The same numbers twice: streaming picks ahead, and a stream keeps one block of draws.
    pick, ahead = (streams.integers(name, len(labels), size) for _ in range(2))
    read = dataset.readers[split](ahead, size)
    return Batches(lambda index: to_unit(read(index)), lambda index: labels[pick(index)])


def to_unit(pixels: Tensor) -> Tensor:
    """Map bytes to what networks see: b/127.5 − 1, in [−1, 1]."""
    return pixels.float().div_(127.5).sub_(1)


def _mixture_batches(mixture: Mixture, name: str, size: int, streams: Streams) -> Batches:
    means = torch.tensor(mixture.means, dtype=torch.float32, device=streams.device)
    edges = torch.tensor(np.cumsum(mixture.weights)[:-1], dtype=torch.float32)
    edges = edges.to(streams.device)
    which = streams.uniform(f"{name}/mode", size)
    noise = streams.normal(f"{name}/noise", size, mixture.rank)
    factors = torch.tensor(mixture.factors, dtype=torch.float32, device=streams.device)

    def modes(index: int) -> Tensor:
        return torch.bucketize(which(index), edges)

    def samples(index: int) -> Tensor:
        chosen, spread = modes(index), mixture.std * noise(index)
        if len(factors) == 1:
            spread = spread @ factors[0].T
        elif len(factors):
            spread = torch.einsum("snij,snj->sni", factors[chosen], spread)
        return means[chosen] + spread

    return Batches(samples, modes)
