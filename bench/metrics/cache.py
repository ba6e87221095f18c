"""Tensors computed once and kept in files that are named by all that they depend on.

A changed input has another name, so that nothing is ever out of date; content that is not what
was written is noticed at reading, and computed again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from bench.files import whole

#: Tensors by name.
Tensors = dict[str, Tensor]
_CHECKSUM = "checksum"


@dataclass(frozen=True)
class Cache:
    """A folder that studies and processes share.

    Attributes:
        folder: Where; None keeps nothing.
    """

    folder: Path | None = None

    def get(
        self, name: str, key: Mapping[str, Any], compute: Callable[[], Mapping[str, Tensor]]
    ) -> Tensors:
        """Return tensors, computed unless they are there; one process does, the others wait.

        Args:
            name: How the file's name begins.
            key: All that the tensors depend on, as JSON has it.
            compute: Makes them.
        """
        if self.folder is None:
            return dict(compute())
        return read(self.file(name, key, lambda: (compute(), {})))[0]

    def file(
        self,
        name: str,
        key: Mapping[str, Any],
        compute: Callable[[], tuple[Mapping[str, Tensor], Mapping[str, str]]],
    ) -> Path:
        """Return the path of a file of tensors, as :meth:`get`; ``compute`` adds metadata."""
        if self.folder is None:
            raise ValueError("nothing can be kept without a folder")
        path = self.folder / f"{name}-{digest(key)}.safetensors"
        if not _intact(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(path.with_suffix(".lock")):
                # Another process may have been first.
                if not _intact(path):
                    write(path, *compute())
        return path


def digest(key: Mapping[str, Any]) -> str:
    """Return sixteen hexadecimal digits that change with anything in ``key``."""
    text = json.dumps(key, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def checksum(tensors: Mapping[str, Tensor]) -> str:
    """Return hexadecimal digits that change with any name, type, shape or bit of ``tensors``."""
    state = hashlib.blake2b(digest_size=16)
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        state.update(repr((name, str(tensor.dtype), tuple(tensor.shape))).encode())
        state.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return state.hexdigest()


def write(path: Path, tensors: Mapping[str, Tensor], about: Mapping[str, str]) -> None:
    """Write tensors and metadata with their checksum, whole or not at all."""
    kept = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    with whole(path) as temporary:
        save_file(kept, temporary, {**about, _CHECKSUM: checksum(kept)})


def read(path: Path) -> tuple[Tensors, dict[str, str]]:
    """Return the tensors and metadata of a file that :func:`write` wrote.

    Raises:
        OSError: There is no such file.
        ValueError: It is not what was written.
    """
    try:
        with safe_open(path, framework="pt") as file:
            # The file is no mapping: it cannot be iterated over.
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            about = dict(file.metadata() or {})
    except SafetensorError as error:
        raise ValueError(f"{path} is damaged: {error}") from None
    if about.pop(_CHECKSUM, None) != checksum(tensors):
        raise ValueError(f"{path} is not what was written there")
    return tensors, about


def _intact(path: Path) -> bool:
    try:
        read(path)
    except (OSError, ValueError):
        return False
    return True
