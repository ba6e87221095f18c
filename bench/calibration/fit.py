"""Trains discriminators between known distributions, and reads what they say of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, pi

import numpy as np
import torch
from scipy.special import ndtri
from scipy.stats.qmc import Sobol
from torch import Tensor

from bench.architectures.mlp import MLP
from bench.calculus import interpolate, slopes
from bench.calibration.density import Array, Density
from bench.calibration.pairs import Pair
from bench.calibration.samplers import Sampler
from bench.components import Context
from bench.datasets.base import Mixture
from bench.game import Game
from bench.optimizers import adam
from bench.training.cohort import Cohort
from bench.training.recipe import Recipe
from bench.training.rounds import Hand, over_runs
from bench.training.streams import Replay

#: Sets of held-out points in an evaluation, and the points of a set, a power of two.
_SETS, _POINTS = 16, 2**13


@dataclass(frozen=True)
class Settings:
    """How discriminators are trained.

    Attributes:
        steps: Discriminator steps.
        batch_size: Samples of each distribution in a step.
        width: Units in a hidden layer of the ReLU network.
        depth: Hidden layers.
        learning_rate: Adam's, with β = (0.5, 0.99), which falls to zero along a cosine.
        seed: Of initial weights, samples and noise.
    """

    steps: int
    batch_size: int
    width: int
    depth: int
    learning_rate: float
    seed: int


@dataclass(frozen=True)
class Reading:
    """What a trained discriminator says of its pair, on points that it never saw.

    The points are scrambled Sobol sequences (Owen 1997), which integrate the smooth functions here
    far better than as many independent samples.

    Attributes:
        estimate: The objective's estimate of its divergence.
        error: Standard error of the estimate over the scrambles.
        gap: E D(x) over p minus that over q.
        mean_slope: Mean gradient norm between samples of p and q.
        max_slope: The largest gradient norm found, a lower bound of the Lipschitz constant.
        outputs: The discriminator's output at points on the pair's line.
    """

    estimate: float
    error: float
    gap: float
    mean_slope: float
    max_slope: float
    outputs: Sequence[float]


def fit(
    game: Game, pairs: Sequence[Pair], settings: Settings, device: torch.device, points: int
) -> list[Reading]:
    """Train one discriminator a pair, all of one dimension, and read them.

    Args:
        game: Whose discriminator loss, penalties and constraints, for a discriminator of one
            output; the generator stays idle.
        pairs: Real samples come from p and generated ones from q.
        settings: How they are trained.
        device: Where.
        points: Points on each pair's line.
    """
    dimension = pairs[0].dimension
    optimizer = adam(settings.learning_rate, 0.5, 0.99)
    recipe = Recipe(settings.batch_size, settings.steps, 1, optimizer, optimizer)
    nets = MLP(latent=1, width=settings.width, depth=settings.depth)
    # The runs of this cohort are pairs; the dataset gives no more than the dimension.
    space = Mixture("space", np.zeros((1, dimension)), 1.0)
    cohort = Cohort(game, nets, space, recipe, [settings.seed] * len(pairs), device)
    _train(cohort, pairs)
    cohort.train(False)
    return _read(cohort, pairs, points)


def _train(cohort: Cohort, pairs: Sequence[Pair]) -> None:
    recipe = cohort.recipe
    size = recipe.batch_size * cohort.game.needs.packing
    real = Sampler([pair.p for pair in pairs], "calibration-real", size, cohort.streams)
    fake = Sampler([pair.q for pair in pairs], "calibration-fake", size, cohort.streams)
    noise = cohort.draws("calibration-noise")
    (group,) = cohort.discriminator_optimizer.param_groups
    cohort.train()
    for number in range(recipe.generator_steps):
        group["lr"] = recipe.discriminator_optimizer.lr * _cosine(number / recipe.generator_steps)
        cohort.discriminator_step(real(number), fake(number), noise(number), number=number)


def _cosine(share: float) -> float:
    return 0.5 * (1 + cos(pi * share))


def _read(cohort: Cohort, pairs: Sequence[Pair], points: int) -> list[Reading]:
    weight = cohort.streams.uniform("held-out-weight", _POINTS // cohort.game.needs.packing, 1)
    sets, means, largest = [], [], []
    for number in range(_SETS):
        p, q = (points.to(cohort.device) for points in _held_out(pairs, number))
        with torch.no_grad():
            sets.append(cohort.logits(p, q))
            norms = _slopes(cohort, p, q, weight(number))
        means.append(norms[0].mean(dim=1))
        largest.append(torch.cat(norms, dim=1).amax(dim=1))
    logits = [torch.cat(part, dim=1) for part in zip(*sets, strict=True)]
    estimates = cohort.estimates(*logits).detach()
    each = torch.stack([cohort.estimates(*one).detach() for one in sets])
    errors = each.std(dim=0) / _SETS**0.5
    gaps = logits[0].mean(1) - logits[1].mean(1)
    mean_slopes = torch.stack(means).mean(0)
    max_slopes = torch.stack(largest).amax(0)
    outputs = _along(cohort, pairs, points)
    return [
        Reading(
            float(estimates[run]),
            float(errors[run]),
            float(gaps[run]),
            float(mean_slopes[run]),
            float(max_slopes[run]),
            outputs[run],
        )
        for run in range(len(pairs))
    ]


def _held_out(pairs: Sequence[Pair], number: int) -> tuple[Tensor, Tensor]:
    """Return one set of points of every p and one of every q, each ``[runs, points, d]``.

    The sequence is over both spaces, so that what pairs real and generated samples by position
    sees an even spread of their product.
    """
    axes = pairs[0].dimension + 1
    unit = Sobol(2 * axes, rng=np.random.default_rng(number)).random(_POINTS)
    return (
        _placed([pair.p for pair in pairs], unit[:, :axes]),
        _placed([pair.q for pair in pairs], unit[:, axes:]),
    )


def _placed(densities: Sequence[Density], unit: Array) -> Tensor:
    # The ends of (0, 1) are infinitely far out.
    normal = ndtri(unit[:, 1:].clip(1e-9, 1 - 1e-9))
    placed = [density.place(unit[:, 0], normal) for density in densities]
    return torch.tensor(np.stack(placed), dtype=torch.float32)


def _slopes(
    cohort: Cohort, real: Tensor, fake: Tensor, weight: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Return gradient norms between the samples, at the real and at the generated ones."""

    def one(hand: Hand, weight: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        real, fake = cohort.rounds.pack(hand.real), cohort.rounds.pack(hand.fake)
        between = interpolate(Context(real, fake, Replay([weight]), 0))
        critic = cohort.critic(hand.weights, hand.buffers, hand.states)
        first, second, third = slopes(critic, torch.cat([between, real, fake])).chunk(3)
        return first, second, third

    return over_runs(one, cohort.hand(real, fake), weight)


def _along(cohort: Cohort, pairs: Sequence[Pair], points: int) -> list[list[float]]:
    """Return the outputs on each pair's line, where a discriminator takes single points."""
    if cohort.game.needs.packing > 1:
        return [[] for _ in pairs]
    lines = torch.tensor(np.stack([pair.line(points) for pair in pairs]), dtype=torch.float32)
    with torch.no_grad():
        outputs, _ = cohort.logits(lines.to(cohort.device), lines.to(cohort.device))
    rows: list[list[float]] = outputs.tolist()
    return rows
