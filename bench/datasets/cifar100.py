"""CIFAR-100, small photographs of a hundred kinds (Krizhevsky 2009), 32×32, colour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from bench.datasets.shared.cifar import Cifar


@dataclass(frozen=True)
class Cifar100(Cifar):
    """40,000 training, 10,000 validation and 10,000 test images of a hundred classes, 3×32×32.

    Labels are the hundred fine ones. Validation images are of the 50,000 training images,
    stratified by class; test images are the dataset's own. Published FIDs mostly compare with the
    training images, 50,000 against 50,000.
    """

    origin: ClassVar[str] = "CIFAR100"
