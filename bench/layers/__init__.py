"""Layers that techniques ask of the networks, all without randomness or state of their own."""

from bench.layers.batch import MinibatchDiscrimination, MinibatchStddev, mixes_samples
from bench.layers.discriminator import Autoencoder, Discriminator
from bench.layers.maxout import Dropout, Maxout
from bench.layers.reference import VirtualBatchNorm, with_reference

__all__ = [
    "Autoencoder",
    "Discriminator",
    "Dropout",
    "Maxout",
    "MinibatchDiscrimination",
    "MinibatchStddev",
    "VirtualBatchNorm",
    "mixes_samples",
    "with_reference",
]
