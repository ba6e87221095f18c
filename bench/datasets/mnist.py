"""MNIST, handwritten digits (LeCun et al. 1998), 28×28, grey."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from bench.datasets.shared.idx import Idx


@dataclass(frozen=True)
class Mnist(Idx):
    """50,000 training, 10,000 validation and 10,000 test images of ten digits, 1×28×28.

    Validation images are of the 60,000 training images, stratified by class; test images are the
    dataset's own, with which published FIDs compare (Lucic et al. 2018). Published networks see all
    60,000. ``size: 32`` and the like resize, for architectures that need it.
    """

    origin: ClassVar[str] = "MNIST"
