"""Deep convolutional GAN without batch normalisation (Arjovsky et al. 2017, section 4.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from bench.architectures.dcgan import DCGAN


@dataclass(frozen=True)
class DCGANWithoutBatchNorm(DCGAN):
    """The networks of ``dcgan`` with no normalisation in either, and biases in its place.

    The generator of the paper also has the same number of channels at every resolution; here they
    double as in ``dcgan``, so that the two families differ in one thing.
    """

    batch_norm: ClassVar[bool] = False
    _normalised: ClassVar[bool] = False
    _family: ClassVar[str] = "dcgan-nobn"
