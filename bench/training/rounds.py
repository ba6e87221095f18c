"""One run's part in a step of either player: where a game's formulas meet its networks.

Everything here is for one run, without an axis of seeds, and runs under ``vmap``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple, TypeVar

import torch
from torch import Tensor
from torch.func import vmap

from bench.components import Component, Context, Noise, Tensors
from bench.game import Game
from bench.objectives.base import Objective
from bench.techniques.base import Technique
from bench.training.network import Stacked, WeightedCritic

States = tuple[Tensors, ...]
T = TypeVar("T")


class Hand(NamedTuple):
    """What one run brings to a step; outside ``vmap`` each tensor has a first axis of runs.

    Attributes:
        weights: The discriminator's parameters.
        buffers: The discriminator's buffers.
        states: The state of each component of the game.
        real: Real samples ``[B·packing, *shape]``.
        fake: Generated samples of the same shape.
        labels: The classes of both, if the players are told them.
    """

    weights: Tensors
    buffers: Tensors
    states: States
    real: Tensor
    fake: Tensor
    labels: tuple[Tensor, ...]

    def of_run(self, run: int) -> Hand:
        """Return what one of several runs brings, without gradients."""
        return Hand(
            _of_run(self.weights, run),
            _of_run(self.buffers, run),
            tuple(_of_run(state, run) for state in self.states),
            self.real[run],
            self.fake[run],
            tuple(labels[run] for labels in self.labels),
        )


def over_runs(function: Callable[..., T], hand: Hand, *others: Any) -> T:
    """Return ``vmap`` of a function whose first argument is one run's hand.

    What is empty is left out: every container costs a small step some of its time.
    """
    if hand.buffers or hand.labels or any(hand.states):
        result: T = vmap(function)(hand, *others)
        return result

    def plain(weights: Tensors, real: Tensor, fake: Tensor, *others: Any) -> T:
        return function(hand._replace(weights=weights, real=real, fake=fake), *others)

    short: T = vmap(plain)(hand.weights, hand.real, hand.fake, *others)
    return short


@dataclass(frozen=True)
class Rounds:
    """The losses of one run.

    Attributes:
        game: What the players minimise.
        discriminator: The discriminators, of which one is used with the weights given.
        compares: Whether the objective's generator loss looks at the real logits.
    """

    game: Game
    discriminator: Stacked
    compares: bool

    def discriminator_loss(
        self, hand: Hand, noise: Noise, step: int, number: int | None
    ) -> tuple[Tensor, States]:
        """Return the discriminator's loss, penalties included, and the states after its step.

        ``number`` counts discriminator steps; lazy penalties are there in some of them only.
        None stands for no step in particular, with every penalty as strong as it is on average.
        """
        table = self._open(hand, noise, step)
        real_logits, fake_logits = table.critic.both(table.context.real, table.context.fake)
        context = replace(
            table.context,
            real_logits=real_logits,
            fake_logits=fake_logits,
            parameters=hand.weights,
        )
        formula: Callable[[Tensor, Tensor], Tensor] = table.objective.discriminator_loss
        for technique in table.techniques:
            formula = _changed(technique, formula, context)
        loss = formula(real_logits, fake_logits)
        for part in table.components:
            times = 1 if number is None else part.interval()
            if number is None or number % times == 0:
                penalty = part.penalty(table.critic, context)
                loss = loss if penalty is None else loss + times * penalty
        return loss, _kept([part.after_discriminator_step(context) for part in table.components])

    def generator_loss(
        self, hand: Hand, parameters: Tensors, noise: Noise, step: int
    ) -> tuple[Tensor, States]:
        """Return the generator's loss, penalties included, and the states after its step."""
        table = self._open(hand, noise, step)
        critic, seen = table.critic, table.context
        fake_logits = critic(seen.fake)
        # Most objectives ignore the real logits here; then there is nothing to compute.
        real_logits = critic(seen.real) if self.compares else fake_logits.new_empty(0)
        context = replace(
            seen, real_logits=real_logits, fake_logits=fake_logits, parameters=parameters
        )
        loss = partial(table.objective.generator_loss, real_logits, fake_logits)
        for technique in table.techniques:
            loss = partial(technique.generator_loss, loss, critic, context)
        total = loss()
        for part in table.components:
            penalty = part.generator_penalty(critic, context)
            total = total if penalty is None else total + penalty
        return total, _kept([part.after_generator_step(context) for part in table.components])

    def logits(self, hand: Hand, noise: Noise, step: int) -> tuple[Tensor, Tensor]:
        """Return the discriminator's outputs at real and at fake samples."""
        table = self._open(hand, noise, step)
        return table.critic.both(table.context.real, table.context.fake)

    def estimate(self, states: States, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """Return the objective's estimate of its divergence."""
        return self.game.objective.with_state(states[0]).estimate(real_logits, fake_logits)

    def effective(self, weights: Tensors, states: States) -> Tensors:
        """Return the weights that a discriminator computes with."""
        for part, state in zip(self.game.components, states, strict=True):
            weights = part.with_state(state).weights(weights)
        return weights

    def pack(self, samples: Tensor) -> Tensor:
        """Return ``[B·packing, C, ...]`` as packs of samples, ``[B, packing·C, ...]``."""
        packing = self.game.needs.packing
        _, channels, *rest = samples.shape
        return samples if packing == 1 else samples.reshape(-1, packing * channels, *rest)

    def _open(self, hand: Hand, noise: Noise, step: int) -> _Table:
        states = iter(hand.states)
        objective = self.game.objective.with_state(next(states))
        techniques = tuple(
            technique.with_state(state)
            for technique, state in zip(self.game.techniques.values(), states, strict=True)
        )
        real, fake = self.pack(hand.real), self.pack(hand.fake)
        for technique in techniques:
            real, fake = (technique.view(samples, noise, step) for samples in (real, fake))
        weights = self.effective(hand.weights, hand.states)
        labels = hand.labels[0] if hand.labels else None
        critic = WeightedCritic(self.discriminator, weights, hand.buffers, labels, noise)
        return _Table(objective, techniques, critic, Context(real, fake, noise, step))


@dataclass(frozen=True)
class _Table:
    """A game with its states, ready for a step."""

    objective: Objective
    techniques: tuple[Technique, ...]
    critic: WeightedCritic
    context: Context

    @property
    def components(self) -> tuple[Component, ...]:
        return (self.objective, *self.techniques)


def _changed(
    technique: Technique, formula: Callable[[Tensor, Tensor], Tensor], context: Context
) -> Callable[[Tensor, Tensor], Tensor]:
    def changed(real: Tensor, fake: Tensor) -> Tensor:
        return technique.discriminator_loss(
            formula, replace(context, real_logits=real, fake_logits=fake)
        )

    return changed


def _kept(states: list[Tensors]) -> States:
    return tuple({name: value.detach() for name, value in state.items()} for state in states)


def generator_compares(game: Game, states: States) -> bool:
    """Return whether the generator's loss looks at the real logits, as relativistic ones do."""
    objective = game.objective.with_state(_of_run(states[0], 0))
    # No tensor, so that whatever the loss does with it fails.
    nothing: Tensor = object()  # type: ignore[assignment]
    outputs = game.needs.outputs
    try:
        objective.generator_loss(nothing, torch.zeros((2,) if outputs == 1 else (2, outputs)))
    except Exception:
        return True
    return False


def initial_states(game: Game, discriminator: Stacked, generator: Stacked) -> States:
    """Return the states of a game's components before training, stacked over the runs."""
    runs = range(len(next(iter(generator.parameters.values()))))
    players = [
        (_of_run(discriminator.parameters, run), _of_run(generator.parameters, run)) for run in runs
    ]

    def stacked(part: Component) -> Tensors:
        states = [part.initial_state(*weights) for weights in players]
        return {name: torch.stack([state[name] for state in states]) for name in states[0]}

    return tuple(stacked(part) for part in game.components)


def _of_run(tensors: Tensors, run: int) -> Tensors:
    return {name: value[run].detach() for name, value in tensors.items()}
