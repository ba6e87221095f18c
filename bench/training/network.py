"""Several copies of one network as one stacked model."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state

from bench.components import Noise, Tensors
from bench.layers.batch import mixes_samples
from bench.layers.maxout import Dropout
from bench.training.streams import derive


class Stacked:
    """The weights of one network a seed, stacked along a first axis.

    Attributes:
        parameters: Trained tensors ``[seeds, ...]`` that require gradients.
        buffers: Other state, such as running means ``[seeds, ...]``.
        mixes_samples: Whether the network compares the samples of a batch, so that real and
            fake samples must pass separately.
        dropouts: The dropout layers by name, with the units of each.
    """

    def __init__(
        self,
        build: Callable[[], nn.Module],
        name: str,
        seeds: Sequence[int],
        device: torch.device,
    ) -> None:
        """Build one network a seed; its initial weights depend on ``name`` and seed alone."""
        copies = []
        for seed in seeds:
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(derive("initialisation", name, seed))
                copies.append(build())
        parameters, buffers = stack_module_state(copies)
        self.parameters = {
            key: value.detach().to(device).requires_grad_() for key, value in parameters.items()
        }
        self.buffers = {key: value.to(device) for key, value in buffers.items()}
        self._template = copy.deepcopy(copies[0]).to("meta")
        self.mixes_samples = mixes_samples(copies[0])
        self.dropouts = {
            name: module.units
            for name, module in copies[0].named_modules()
            if isinstance(module, Dropout)
        }

    def __call__(
        self, parameters: Tensors, buffers: Tensors, inputs: Tensor, **options: Any
    ) -> Tensor:
        """Run **one** network on its parameters; to be batched with ``vmap``."""
        state = {**parameters, **buffers}
        output: Tensor = functional_call(self._template, state, (inputs,), options)
        return output

    def train(self, mode: bool = True) -> None:
        """Use the batch's statistics in normalisation layers, or the running ones."""
        self._template.train(mode)

    def state(self) -> dict[str, Tensor]:
        """Return every tensor that training changes, by name."""
        return {**self.parameters, **self.buffers}

    def restore(self, state: Tensors) -> None:
        """Take over the tensors that :meth:`state` returned."""
        with torch.no_grad():
            for name, value in self.state().items():
                value.copy_(state[name])

    def approach(self, other: Stacked, share: float) -> None:
        """Move every tensor by a share of the way to another's; whole numbers all the way."""
        with torch.no_grad():
            for name, value in other.state().items():
                own = self.state()[name]
                own.copy_(own.lerp(value, share) if value.is_floating_point() else value)

    def copy(self) -> Stacked:
        """Return these networks with tensors of their own."""
        other = copy.copy(self)
        other.parameters = {
            name: value.detach().clone().requires_grad_() for name, value in self.parameters.items()
        }
        other.buffers = {name: value.clone() for name, value in self.buffers.items()}
        return other


class WeightedCritic:
    """**One** discriminator with its weights, for use under ``vmap``.

    Args:
        network: The discriminators.
        weights: The weights of this one.
        buffers: Its buffers.
        labels: The classes of a batch's samples ``[B]``, if it is told them; several batches one
            after another have the same ones.
        noise: Where dropout draws from; None in evaluation.
    """

    def __init__(
        self,
        network: Stacked,
        weights: Tensors,
        buffers: Tensors,
        labels: Tensor | None = None,
        noise: Noise | None = None,
    ) -> None:
        self._network, self._weights, self._buffers = network, weights, buffers
        self._labels, self._noise = labels, noise

    def __call__(self, samples: Tensor) -> Tensor:
        """Return the outputs of samples ``[B, ...]``."""
        return self._run(samples)

    def features(self, samples: Tensor) -> Tensor:
        """Return what stands before the last layer, ``[B, features]``."""
        return self._run(samples, only_features=True)

    def both(self, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        """Return the outputs of real and of fake samples, in one pass where that is the same."""
        if self._network.mixes_samples:
            return self(real), self(fake)
        first, second = self(torch.cat([real, fake])).tensor_split([len(real)])
        return first, second

    def _run(self, samples: Tensor, **options: Any) -> Tensor:
        buffers = dict(self._buffers)
        if self._noise is not None:
            for name, units in self._network.dropouts.items():
                buffers[f"{name}.uniform"] = self._noise.uniform(len(samples), *units)
        if self._labels is not None:
            options["labels"] = self._labels.repeat(len(samples) // len(self._labels))
        return self._network(self._weights, buffers, samples, **options)
