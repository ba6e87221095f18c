"""Kuzushiji-MNIST, cursive Japanese characters (Clanuwat et al. 2018), 28×28, grey."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from bench.datasets.shared.idx import Idx


@dataclass(frozen=True)
class Kmnist(Idx):
    """50,000 training, 10,000 validation and 10,000 test images of ten characters, 1×28×28.

    Validation images are of the 60,000 training images, stratified by class; test images are the
    dataset's own. ``size: 32`` and the like resize, for architectures that need it.
    """

    origin: ClassVar[str] = "KMNIST"
