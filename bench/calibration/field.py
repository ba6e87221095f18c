"""How strongly a generator loss pulls: against the logit, and against a distance.

Computed from the objective's own code, at the discriminator that is optimal.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from scipy.special import ndtri
from torch import Tensor

from bench.objectives.base import Objective

#: Where the gradient is taken.
LOGITS = np.linspace(-15, 15, 61)
DISTANCES = np.linspace(0.25, 10, 40)
_NODES = 20_001


@dataclass(frozen=True)
class Pull:
    """The size of a generator's gradient at one place.

    Attributes:
        against: ``"logit"``: |∂J/∂logit| of a sample, the real logits being zero; or
            ``"distance"``: the root mean square over samples x of q = N(θ, 1) of the gradient in
            x that the optimal discriminator between q and p = N(0, 1) gives.
        at: The logit, or the distance θ.
        size: The gradient's size.
    """

    against: str
    at: float
    size: float


def pulls(objective: Objective) -> list[Pull]:
    """Return the pulls of an objective's generator loss; none where its outputs are no logits."""
    needs = objective.needs()
    if needs.outputs > 1 or needs.reconstruction:
        return []
    weight = {"weight": torch.ones(1, 1, dtype=torch.float64)}
    ready = objective.with_state(objective.initial_state(weight, weight))
    return [*_against_logits(ready), *_against_distances(ready)]


def _against_logits(objective: Objective) -> Iterator[Pull]:
    for logit in LOGITS:
        fake = torch.full((2,), float(logit), dtype=torch.float64, requires_grad=True)
        gradient = _gradient(objective, torch.zeros_like(fake), fake)
        yield Pull("logit", float(logit), float(gradient.abs().mean()))


def _against_distances(objective: Objective) -> Iterator[Pull]:
    """The pull of each sample, by quadrature over q; relativistic losses pair it with one of p."""
    # An even spread of p over the nodes, in an order that has nothing to do with them.
    shuffled = np.random.default_rng(0).permutation(_NODES)
    reals = torch.from_numpy(ndtri((shuffled + 0.5) / _NODES))
    for distance in DISTANCES:
        theta = float(distance)
        nodes = torch.linspace(theta - 12, theta + 12, _NODES, dtype=torch.float64)
        nodes.requires_grad_()
        fake, real = _optimal(objective, nodes, theta), _optimal(objective, reals, theta)
        if fake is None or real is None:
            return
        if not fake.requires_grad:
            yield Pull("distance", theta, 0.0)
            continue
        loss = objective.generator_loss(real, fake)
        (gradient,) = torch.autograd.grad(loss, nodes)
        # The loss is a mean: each sample's own pull is as many times as large.
        each = _NODES * gradient
        density = torch.exp(-((nodes.detach() - theta) ** 2) / 2)
        mean_square = (density * each.square()).sum() / density.sum()
        yield Pull("distance", theta, float(mean_square.sqrt()))


def _optimal(objective: Objective, x: Tensor, theta: float) -> Tensor | None:
    """Return the optimal discriminator's outputs at x between N(0, 1) and N(θ, 1)."""
    if objective.divergence is not None and objective.divergence.startswith("1-Wasserstein"):
        # Between translates the optimal critic is linear, of slope one, and higher at p.
        return -x
    return objective.optimal_logit(theta * (theta / 2 - x))


def _gradient(objective: Objective, real: Tensor, fake: Tensor) -> Tensor:
    loss = objective.generator_loss(real, fake)
    if not loss.requires_grad:
        return torch.zeros_like(fake)
    (gradient,) = torch.autograd.grad(loss, fake, materialize_grads=True)
    return len(fake) * gradient
