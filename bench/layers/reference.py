"""Virtual batch normalisation (Salimans et al. 2016, section 3.5)."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from bench.layers.discriminator import Discriminator


class VirtualBatchNorm(nn.Module):
    """Batch normalisation by a fixed reference batch, with the weights of an ordinary one.

    The first ``rows`` rows of its input are the reference and are normalised by their own
    statistics. Each further row is normalised by the statistics of the reference and itself,
    R + 1 rows of equal weight, and so has no influence on any other. The same holds in training
    and in evaluation.
    """

    def __init__(self, norm: _BatchNorm, rows: int) -> None:
        super().__init__()
        self.weight, self.bias = norm.weight, norm.bias
        self.epsilon, self.rows = norm.eps, rows

    def forward(self, inputs: Tensor) -> Tensor:
        """Map ``[R + B, channels, ...]`` to the same shape."""
        places = tuple(range(2, inputs.ndim))
        reference = inputs[: self.rows]
        shared_mean = reference.mean(dim=(0, *places), keepdim=True)
        shared_variance = reference.var(dim=(0, *places), correction=0, keepdim=True)
        rows = inputs[self.rows :]
        mean, variance = rows, torch.zeros_like(rows)
        if places:
            mean = rows.mean(dim=places, keepdim=True)
            variance = rows.var(dim=places, correction=0, keepdim=True)
        # The law of total variance: the mean square less the squared mean could turn negative.
        own = 1 / (self.rows + 1)
        between = own * (1 - own) * (mean - shared_mean).square()
        variance = own * variance + (1 - own) * shared_variance + between
        mean = own * mean + (1 - own) * shared_mean
        normal = [
            self._normalise(reference, shared_mean, shared_variance),
            self._normalise(rows, mean, variance),
        ]
        shape = (-1, *[1] * len(places))
        return torch.cat(normal) * self.weight.view(shape) + self.bias.view(shape)

    def _normalise(self, rows: Tensor, mean: Tensor, variance: Tensor) -> Tensor:
        return (rows - mean) * (variance + self.epsilon).rsqrt()


class Referenced(nn.Module):
    """A network that passes its reference batch along with every batch.

    Attributes:
        reference: The reference batch, ``[R, ...]``.
    """

    reference: Tensor

    def __init__(self, network: nn.Module, samples: Tensor) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("reference", samples.detach().clone())

    def forward(self, inputs: Tensor, *options: Any, **named: Any) -> Tensor:
        """Return the network's output for ``[B, ...]`` alone; options are passed on."""
        together = torch.cat([self.reference, inputs])
        output: Tensor = self.network(together, *options, **named)
        return output[len(self.reference) :]


def with_reference(network: nn.Module, samples: Tensor) -> nn.Module:
    """Return a copy of a network with virtual for ordinary batch normalisation.

    It takes the same inputs, and its weights are the same. Of a :class:`Discriminator` it is the
    body that sees the reference: the layers behind it, and labels, are for the batch alone.

    Args:
        network: A generator or discriminator with affine batch normalisation.
        samples: The reference batch ``[R, ...]``, inputs of the network: latents for a generator.

    Raises:
        ValueError: There is no batch normalisation to replace.
    """
    if not any(isinstance(part, _BatchNorm) for part in network.modules()):
        raise ValueError("virtual batch normalisation: this network has no batch normalisation")
    network = copy.deepcopy(network)
    if isinstance(network, Discriminator):
        network.body = Referenced(_replaced(network.body, len(samples)), samples)
        return network
    return Referenced(_replaced(network, len(samples)), samples)


def _replaced(module: nn.Module, rows: int) -> nn.Module:
    if isinstance(module, _BatchNorm):
        return VirtualBatchNorm(module, rows)
    for name, child in module.named_children():
        setattr(module, name, _replaced(child, rows))
    return module
