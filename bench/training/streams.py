"""Random streams that belong to names, not to the order of calls.

Every draw is a function of (stream name, seed, index). A run therefore sees the same numbers
alone or in any cohort, under every objective, and after a resume, with no state to save.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from math import prod

import numpy as np
import torch
from torch import Tensor

from bench.architectures.base import Architecture

#: Numbers drawn at once for one seed: few, large draws are cheap.
_BLOCK = 2**17


def derive(*names: str | int) -> int:
    """Return a 63-bit seed that the names determine."""
    text = "\x1f".join(map(str, names)).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "little") >> 1


def numpy_generator(*names: str | int) -> np.random.Generator:
    """Return a numpy generator whose seed the names determine."""
    return np.random.default_rng(derive(*names))


class Stream:
    """One kind of draw for every seed of a cohort.

    ``stream(index)`` has shape ``[seeds, *shape]``; row i depends on seed i, the name and the
    index alone.
    """

    def __init__(
        self,
        name: str,
        seeds: Sequence[int],
        shape: Sequence[int],
        draw: Callable[[Sequence[int], torch.Generator], Tensor],
        device: torch.device,
    ) -> None:
        self._name, self._seeds, self._shape, self._draw = name, seeds, tuple(shape), draw
        self._length = max(1, _BLOCK // max(1, prod(shape)))
        self._generator = torch.Generator(device)
        self._number = -1
        self._block = torch.empty(0)

    def __call__(self, index: int) -> Tensor:
        """Return draw number ``index`` for every seed."""
        number, position = divmod(index, self._length)
        if number != self._number:
            draws = [self._one(seed, number) for seed in self._seeds]
            self._block = torch.stack(draws, dim=1)
            self._number = number
        return self._block[position]

    def _one(self, seed: int, number: int) -> Tensor:
        self._generator.manual_seed(derive(self._name, seed, number))
        return self._draw((self._length, *self._shape), self._generator)


@dataclass(frozen=True)
class Streams:
    """Makes the streams of a cohort."""

    seeds: tuple[int, ...]
    device: torch.device

    def normal(self, name: str, *shape: int) -> Stream:
        """Standard normal draws of ``shape``."""
        return Stream(name, self.seeds, shape, self._normal, self.device)

    def uniform(self, name: str, *shape: int) -> Stream:
        """Draws from U(0, 1) of ``shape``."""
        return Stream(name, self.seeds, shape, self._uniform, self.device)

    def latents(self, name: str, count: int, architecture: Architecture) -> Stream:
        """Draws of ``count`` latents from an architecture's distribution."""
        if architecture.latent_distribution == "normal":
            return self.normal(name, count, architecture.latent)

        def draw(size: Sequence[int], generator: torch.Generator) -> Tensor:
            return 2 * self._uniform(size, generator) - 1

        return Stream(name, self.seeds, (count, architecture.latent), draw, self.device)

    def integers(self, name: str, high: int, *shape: int) -> Stream:
        """Draws from {0, …, high − 1} of ``shape``."""

        def draw(size: Sequence[int], generator: torch.Generator) -> Tensor:
            return torch.randint(high, tuple(size), generator=generator, device=self.device)

        return Stream(name, self.seeds, shape, draw, self.device)

    def _normal(self, size: Sequence[int], generator: torch.Generator) -> Tensor:
        return torch.randn(tuple(size), generator=generator, device=self.device)

    def _uniform(self, size: Sequence[int], generator: torch.Generator) -> Tensor:
        return torch.rand(tuple(size), generator=generator, device=self.device)


class Recorder:
    """A noise source that notes what an objective asks for, so that it can be drawn ahead."""

    def __init__(self, device: torch.device) -> None:
        self.requests: list[tuple[str, tuple[int, ...]]] = []
        self._device = device

    def uniform(self, *shape: int) -> Tensor:
        """Note the request and return a constant of its shape."""
        self.requests.append(("uniform", shape))
        return torch.full(shape, 0.5, device=self._device)

    def normal(self, *shape: int) -> Tensor:
        """Note the request and return a constant of its shape."""
        self.requests.append(("normal", shape))
        return torch.full(shape, 0.5, device=self._device)


class Replay:
    """A noise source that hands out, in order, what was drawn ahead for one run.

    A draw goes to the first who asks for its kind and shape. A penalty that is left out of a
    step asks for nothing, and what is after it must not get what was meant for it.

    Args:
        draws: The draws.
        kinds: ``"uniform"`` or ``"normal"`` for each, where there are both.
    """

    def __init__(self, draws: Sequence[Tensor], kinds: Sequence[str] = ()) -> None:
        self._left = list(zip_longest(draws, kinds))

    def uniform(self, *shape: int) -> Tensor:
        """Return the next draw from U(0, 1) of this shape."""
        return self._take("uniform", shape)

    def normal(self, *shape: int) -> Tensor:
        """Return the next draw from N(0, 1) of this shape."""
        return self._take("normal", shape)

    def _take(self, kind: str, shape: tuple[int, ...]) -> Tensor:
        for position, (draw, its_kind) in enumerate(self._left):
            if tuple(draw.shape) == shape and its_kind in (kind, None):
                return self._left.pop(position)[0]
        raise LookupError(f"no {kind} draw of shape {shape} is left")
