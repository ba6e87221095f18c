"""Discriminator steps that are differentiable in the generator (Metz et al. 2017).

The update formulas are torch's own, written as functions so that gradients pass through them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

#: Below any square that matters; the root of an exact zero would have no gradient.
_TINY = 1e-30


@dataclass
class Unrolled:
    """An optimiser's next steps, from where it stands, without taking them.

    Args:
        optimizer: Adam, RMSprop or SGD over one group of parameters, in torch's plain forms.
    """

    optimizer: torch.optim.Optimizer
    _states: list[dict[str, Any]] = field(init=False)

    def __post_init__(self) -> None:
        """Start from copies of what the optimiser remembers."""
        (group,) = self.optimizer.param_groups
        self._options = group
        self._states = [dict(self.optimizer.state.get(p, {})) for p in group["params"]]

    def step(self, parameters: Sequence[Tensor], gradients: Sequence[Tensor]) -> list[Tensor]:
        """Return the parameters after one more step."""
        update = {
            torch.optim.Adam: self._adam,
            torch.optim.RMSprop: self._rmsprop,
            torch.optim.SGD: self._sgd,
        }[type(self.optimizer)]
        decay, lr = self._options["weight_decay"], self._options["lr"]
        return [
            value - lr * update(state, gradient + decay * value)
            for value, gradient, state in zip(parameters, gradients, self._states, strict=True)
        ]

    def _adam(self, state: dict[str, Any], gradient: Tensor) -> Tensor:
        first, second = self._options["betas"]
        # As a number: 1 − βᵗ of the float32 tensor that torch keeps loses digits.
        step = float(state.get("step", 0)) + 1
        mean = first * state.get("exp_avg", 0) + (1 - first) * gradient
        square = second * state.get("exp_avg_sq", 0) + (1 - second) * gradient.square()
        state.update(step=step, exp_avg=mean, exp_avg_sq=square)
        root = (square + _TINY).sqrt() / (1 - second**step) ** 0.5
        update: Tensor = mean / (1 - first**step) / (root + self._options["eps"])
        return update

    def _rmsprop(self, state: dict[str, Any], gradient: Tensor) -> Tensor:
        alpha, momentum = self._options["alpha"], self._options["momentum"]
        square = alpha * state.get("square_avg", 0) + (1 - alpha) * gradient.square()
        state["square_avg"] = square
        change: Tensor = gradient / ((square + _TINY).sqrt() + self._options["eps"])
        if momentum == 0:
            return change
        state["momentum_buffer"] = momentum * state.get("momentum_buffer", 0) + change
        buffer: Tensor = state["momentum_buffer"]
        return buffer

    def _sgd(self, state: dict[str, Any], gradient: Tensor) -> Tensor:
        momentum = self._options["momentum"]
        if momentum == 0:
            return gradient
        before = state.get("momentum_buffer")
        state["momentum_buffer"] = gradient if before is None else momentum * before + gradient
        buffer: Tensor = state["momentum_buffer"]
        return buffer
