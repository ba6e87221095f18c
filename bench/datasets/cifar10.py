"""CIFAR-10, small photographs of ten kinds (Krizhevsky 2009), 32×32, colour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from bench.datasets.shared.cifar import Cifar


@dataclass(frozen=True)
class Cifar10(Cifar):
    """40,000 training, 10,000 validation and 10,000 test images of ten classes, 3×32×32.

    Validation images are of the 50,000 training images, stratified by class; test images are the
    dataset's own. Published FIDs compare with these 10,000 (Lucic et al. 2018; Kurach et al. 2019),
    or with the training images, 50,000 against 50,000 (Mimicry, and most since): those are lower.
    Published networks see all 50,000.
    """

    origin: ClassVar[str] = "CIFAR10"
