"""Batches of images that stay where they are, gathered ahead of need by worker threads.

Threads and not processes: a batch is a copy of mapped bytes, during which numpy lets the
interpreter go on, page faults included. Nothing is sent between processes, nothing is imported
again in each, and nothing can outlive the run.
"""

from __future__ import annotations

from concurrent.futures import Executor, Future

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bench.datasets.base import DataError, Pixels
from bench.training.streams import Stream

#: Picks of a run that are brought to the host at once: each time the device is waited for.
_PICKS = 2**14


class HostPicks:
    """The draws of a stream, on the host.

    Args:
        stream: Draws ``[seeds, size]``; this object's own, since a stream keeps one block.
        size: Picks of a run in a batch.
    """

    def __init__(self, stream: Stream, size: int) -> None:
        self._stream, self._length = stream, max(1, _PICKS // size)
        self._number = -1
        self._block = np.empty(0, np.int64)

    def __call__(self, index: int) -> NDArray[np.int64]:
        """Return draw number ``index``, ``[seeds, size]``."""
        number, position = divmod(index, self._length)
        if number != self._number:
            first = number * self._length
            draws = [self._stream(first + later) for later in range(self._length)]
            self._block, self._number = torch.stack(draws).cpu().numpy(), number
        picks: NDArray[np.int64] = self._block[position]
        return picks


def gather(pixels: Pixels, picks: NDArray[np.int64], pinned: bool = False) -> Tensor:
    """Return the picked images, uint8, ``[*picks.shape, C, H, W]``.

    Args:
        pixels: Images ``[n, C, H, W]``, perhaps mapped from disk.
        picks: Their numbers, each in 0…n − 1, which is not checked.
        pinned: Into page-locked memory, from which a copy to CUDA need not be waited for.
    """
    shape = (*picks.shape, *pixels.shape[1:])
    gathered = torch.empty(shape, dtype=torch.uint8, pin_memory=pinned)
    # To raise for what is out of range, numpy would gather into a buffer of its own first.
    np.take(np.asarray(pixels), picks, axis=0, out=gathered.numpy(), mode="clip")
    return gathered


class Streamed:
    """Numbered batches of bytes; asked for in order, they are gathered ahead.

    Any order is right: a batch that nobody expected is gathered when it is asked for.

    Args:
        name: What the images are called, for messages.
        pixels: Images ``[n, C, H, W]``.
        picks: Which of them are in each batch.
        device: Where batches go.
        pool: Who gathers them.
        ahead: Batches that are gathered before they are asked for.
    """

    def __init__(
        self,
        name: str,
        pixels: Pixels,
        picks: HostPicks,
        device: torch.device,
        pool: Executor,
        ahead: int,
    ) -> None:
        self._name, self._pixels, self._picks, self._device = name, pixels, picks, device
        self._pool, self._ahead = pool, ahead
        self._next = -1
        self._pending: dict[int, Future[Tensor]] = {}

    def __call__(self, index: int) -> Tensor:
        """Return the bytes of batch ``index``, ``[seeds, size, C, H, W]``.

        Raises:
            DataError: They cannot be read.
        """
        try:
            # The first batch of a stream may be the only one that is wanted of it.
            ahead = self._ahead if index == self._next else 0
            self._expect(range(index, index + ahead + 1))
            gathered = self._pending.pop(index).result()
        except (RuntimeError, OSError, MemoryError, ValueError) as error:
            message = f"dataset {self._name!r}: batch {index} cannot be read: {error}"
            raise DataError(message) from error
        self._next = index + 1
        return gathered.to(self._device, non_blocking=True)

    def _expect(self, wanted: range) -> None:
        """Have these batches gathered, and no others."""
        for index in [index for index in self._pending if index not in wanted]:
            self._pending.pop(index).cancel()
        pinned = self._device.type == "cuda"
        for index in wanted:
            if index not in self._pending:
                picks = self._picks(index)
                self._pending[index] = self._pool.submit(gather, self._pixels, picks, pinned)
