"""Layers that networks share or techniques ask for, without randomness or state of their own."""

from bench.layers.batch import MinibatchDiscrimination, MinibatchStddev, mixes_samples
from bench.layers.discriminator import Autoencoder, Discriminator
from bench.layers.maxout import Dropout, Maxout
from bench.layers.perceptron import hidden
from bench.layers.reference import VirtualBatchNorm, with_reference
from bench.layers.residual import Residual, doubled, halved

__all__ = [
    "Autoencoder",
    "Discriminator",
    "Dropout",
    "Maxout",
    "MinibatchDiscrimination",
    "MinibatchStddev",
    "Residual",
    "VirtualBatchNorm",
    "doubled",
    "halved",
    "hidden",
    "mixes_samples",
    "with_reference",
]
