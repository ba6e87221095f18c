"""Where the bytes of images are while a cohort trains: on its device, or streamed to it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field, fields
from functools import partial
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from bench.datasets.base import Images, Pixels
from bench.training.streaming import HostPicks, Streamed, gather
from bench.training.streams import Stream

#: On the training device, streamed from the host, or as their size has it.
Place = Literal["auto", "device", "streamed"]
#: Returns batch number ``index`` as bytes, ``[seeds, size, C, H, W]``.
Numbered = Callable[[int], Tensor]
#: Returns the batches that a stream picks, given how many it picks for a run.
Reader = Callable[[Stream, int], Numbered]

#: Share of the memory that ``auto`` gives to images; the rest is for networks.
_SHARE = 0.25
#: Bytes that are copied to the device at once.
_CHUNK = 2**26
#: Batches that are gathered ahead for each worker.
_AHEAD = 2


@dataclass(frozen=True)
class Placed(Images):
    """Images with one place for their bytes, whoever draws from them.

    Attributes:
        readers: What gives out batches, by split; none for the split that is reported.
    """

    readers: Mapping[str, Reader] = field(default_factory=dict)


def place(
    images: Images,
    device: torch.device,
    data: Place = "auto",
    workers: int = 2,
    splits: Sequence[str] = ("train", "validation"),
) -> Placed:
    """Put the bytes of images where a cohort draws its batches from.

    The batches are the same wherever the bytes are.

    Args:
        images: Perhaps mapped from disk. On the CPU, mapped bytes are left to the system's cache
            of files, which all runs on the machine share.
        device: Where training is.
        data: ``"device"``, ``"streamed"``, or ``"auto"``: on the device up to :func:`budget`.
        workers: Threads that gather streamed batches.
        splits: Which splits are seen.
    """
    seen = {split: images.pixels[split] for split in splits}
    large = sum(pixels.nbytes for pixels in seen.values()) > budget(device)
    readers: dict[str, Reader]
    if data == "streamed" or (data == "auto" and large):
        pool = ThreadPoolExecutor(workers, "images")
        readers = {
            split: partial(_streamed, images.name, pixels, device, pool, _AHEAD * workers)
            for split, pixels in seen.items()
        }
    elif device.type == "cpu":
        readers = {split: partial(_mapped, pixels) for split, pixels in seen.items()}
    else:
        copies = {split: _copy(pixels, device) for split, pixels in seen.items()}
        readers = {split: partial(_copied, copy) for split, copy in copies.items()}
    values = {known.name: getattr(images, known.name) for known in fields(Images)}
    return Placed(**values, readers=readers)


def budget(device: torch.device) -> int:
    """Return how many bytes of images ``auto`` keeps on a device.

    A quarter of the memory that CUDA has free, or of all that the host has.
    """
    if device.type == "cuda":
        memory = torch.cuda.mem_get_info(device)[0]
    else:
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return int(_SHARE * memory)


def _streamed(
    name: str,
    pixels: Pixels,
    device: torch.device,
    pool: Executor,
    ahead: int,
    stream: Stream,
    size: int,
) -> Numbered:
    return Streamed(name, pixels, HostPicks(stream, size), device, pool, ahead)


def _mapped(pixels: Pixels, stream: Stream, size: int) -> Numbered:
    return lambda index: gather(pixels, stream(index).numpy())


def _copied(images: Tensor, stream: Stream, size: int) -> Numbered:
    return lambda index: images[stream(index)]


def _copy(pixels: Pixels, device: torch.device) -> Tensor:
    """Copy images to a device by and by, so that the host never holds them all."""
    copy = torch.empty(pixels.shape, dtype=torch.uint8, device=device)
    step = max(1, _CHUNK * len(pixels) // max(1, pixels.nbytes))
    for start in range(0, len(pixels), step):
        part = slice(start, start + step)
        copy[part] = torch.from_numpy(np.array(pixels[part]))
    return copy
