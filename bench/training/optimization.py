"""A network's optimiser, and the gradients of its own run's loss for each of its weights."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from bench.optimizers import Optimizer
from bench.training.network import Stacked


def make_optimizer(settings: Optimizer, network: Stacked) -> torch.optim.Optimizer:
    """Return the optimiser over a network's stacked parameters.

    All of them work element by element, so that stacking leaves each run's update as it is.
    """
    parameters = list(network.parameters.values())
    options: dict[str, Any] = dict(settings.options)
    if settings.name == "adam":
        return torch.optim.Adam(parameters, settings.lr, fused=True, **options)
    if settings.name == "rmsprop":
        return torch.optim.RMSprop(parameters, settings.lr, **options)
    return torch.optim.SGD(parameters, settings.lr, **options)


def assign_gradients(losses: Tensor, network: Stacked) -> None:
    """Set each parameter's gradient to that of its own run's loss."""
    parameters = list(network.parameters.values())
    gradients = torch.autograd.grad(losses.sum(), parameters)
    for parameter, gradient in zip(parameters, gradients, strict=True):
        # Fused Adam reads memory in order: a transposed gradient would update the wrong weights.
        parameter.grad = gradient.contiguous()
