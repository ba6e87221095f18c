"""Several copies of one network as one stacked model."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state

from bench.training.streams import derive

Parameters = Mapping[str, Tensor]


class Stacked:
    """The weights of one network a seed, stacked along a first axis.

    Attributes:
        parameters: Trained tensors ``[seeds, ...]`` that require gradients.
        buffers: Other state, such as running means ``[seeds, ...]``.
        mixes_samples: Whether the network normalises over the batch, so that real and fake
            samples must pass separately.
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
        self.mixes_samples = any(
            isinstance(module, nn.modules.batchnorm._BatchNorm) for module in copies[0].modules()
        )

    def __call__(self, parameters: Parameters, buffers: Parameters, inputs: Tensor) -> Tensor:
        """Run **one** network on its parameters; to be batched with ``vmap``."""
        output: Tensor = functional_call(self._template, {**parameters, **buffers}, (inputs,))
        return output

    def train(self, mode: bool = True) -> None:
        """Use the batch's statistics in normalisation layers, or the running ones."""
        self._template.train(mode)

    def state(self) -> dict[str, Tensor]:
        """Return every tensor that training changes, by name."""
        return {**self.parameters, **self.buffers}

    def restore(self, state: Parameters) -> None:
        """Take over the tensors that :meth:`state` returned."""
        with torch.no_grad():
            for name, value in self.state().items():
                value.copy_(state[name])
