"""Batches for a cohort: what training sees, and what it never sees."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from bench.datasets.base import Dataset, Mixture
from bench.training.streams import Streams

#: Batch number ``index`` of every seed, shape ``[seeds, batch, *shape]``.
Batches = Callable[[int], Tensor]


def batches(dataset: Dataset, split: str, name: str, size: int, streams: Streams) -> Batches:
    """Return the batches of a split, drawn independently for each seed.

    Args:
        dataset: Where the samples come from. A mixture is drawn afresh, so that its splits
            differ by the stream alone.
        split: ``"train"`` or ``"validation"``; never the split that is reported.
        name: The stream's name.
        size: Samples in a batch.
        streams: The cohort's streams.
    """
    if isinstance(dataset, Mixture):
        return _mixture_batches(dataset, f"{name}/{dataset.name}/{split}", size, streams)
    images = torch.from_numpy(getattr(dataset, split)).to(streams.device)
    pick = streams.integers(f"{name}/{dataset.name}/{split}", len(images), size)
    return lambda index: images[pick(index)]


def _mixture_batches(mixture: Mixture, name: str, size: int, streams: Streams) -> Batches:
    means = torch.tensor(mixture.means, dtype=torch.float32, device=streams.device)
    edges = torch.tensor(np.cumsum(mixture.weights)[:-1], dtype=torch.float32)
    edges = edges.to(streams.device)
    which = streams.uniform(f"{name}/mode", size)
    noise = streams.normal(f"{name}/noise", size, *mixture.shape)
    return lambda index: means[torch.bucketize(which(index), edges)] + mixture.std * noise(index)
