"""What objectives and techniques have in common: the places where the engine asks them.

Both are written for **one** discriminator and **one** generator, as in their papers. The engine
batches them over seeds, so the code must be functional: no in-place change of its inputs, no
branch on the value of a tensor, no global randomness.
"""

from __future__ import annotations

import copy
from abc import ABC
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any, ClassVar, Protocol, Self

import torch
from torch import Tensor

from bench.plugins import ConflictError

#: Tensors by name: the parameters of a network, or a component's state.
Tensors = Mapping[str, Tensor]

_NOTHING: Mapping[str, Any] = MappingProxyType({})
_EMPTY = torch.empty(0)


class Critic(Protocol):
    """A discriminator with its weights."""

    def __call__(self, samples: Tensor, /) -> Tensor:
        """Return the outputs of samples ``[B, ...]``: logits ``[B]``, or ``[B, outputs]``."""
        ...

    def features(self, samples: Tensor, /) -> Tensor:
        """Return what stands before the discriminator's last layer, ``[B, features]``."""
        ...


class Noise(Protocol):
    """A source of random numbers that belongs to one run and is reproducible.

    The shapes asked for, and their order, must not depend on the values of any tensor.
    """

    def uniform(self, *shape: int) -> Tensor:
        """Draw from U(0, 1)."""
        ...

    def normal(self, *shape: int) -> Tensor:
        """Draw from N(0, 1)."""
        ...


@dataclass(frozen=True)
class Context:
    """What a step of one player looks like.

    Attributes:
        real: Real samples as the discriminator sees them, shape ``[B, ...]``.
        fake: Generated samples of the same shape. In the generator's step they lead back to its
            weights, in the discriminator's they do not.
        noise: Random numbers of this run.
        step: Generator steps done so far.
        real_logits: The discriminator's outputs at ``real``; empty in the generator's step
            unless the objective's generator loss looks at them.
        fake_logits: The discriminator's outputs at ``fake``.
        parameters: The weights of the player whose step it is, by name.
    """

    real: Tensor
    fake: Tensor
    noise: Noise
    step: int
    real_logits: Tensor = _EMPTY
    fake_logits: Tensor = _EMPTY
    parameters: Tensors = field(default_factory=dict)


@dataclass(frozen=True)
class Needs:
    """What a component asks of the networks and of the engine; the defaults ask for nothing.

    Attributes:
        outputs: Numbers that the discriminator returns for a sample.
        reconstruction: ``"squared"`` or ``"absolute"``: the discriminator is an autoencoder
            whose output is its error at a sample.
        minibatch: ``"discrimination"`` or ``"stddev"``: a layer by which the discriminator
            compares the samples of a batch.
        packing: Samples that the discriminator judges together, as one.
        labels: Whether both players are told the class of each sample.
        reference_batch: Samples whose statistics replace the batch's in normalisation layers.
        unrolled_steps: Discriminator steps that the generator looks ahead.
        generator_average: Decay of a moving average of the generator's weights, whose samples
            are the ones evaluated; 0 for none.
    """

    outputs: int = 1
    reconstruction: str = ""
    minibatch: str = ""
    packing: int = 1
    labels: bool = False
    reference_batch: int = 0
    unrolled_steps: int = 0
    generator_average: float = 0.0

    @staticmethod
    def together(named: Mapping[str, Needs]) -> Needs:
        """Return what all components, given by name, need.

        Raises:
            ConflictError: Two of them ask for different things of one kind.
        """
        merged: dict[str, Any] = {}
        asked_by: dict[str, str] = {}
        for name, needs in named.items():
            for entry in fields(Needs):
                value = getattr(needs, entry.name)
                if value == entry.default:
                    continue
                if merged.setdefault(entry.name, value) != value:
                    what = entry.name.replace("_", " ")
                    raise ConflictError(
                        f"{asked_by[entry.name]} asks for {what} {merged[entry.name]!r} and "
                        f"{name} for {value!r}; one discriminator has one"
                    )
                asked_by.setdefault(entry.name, name)
        return Needs(**merged)


class Component(ABC):
    """One part of a game: an objective, or a technique that is combined with it.

    Every method has a default that changes nothing.

    Class attributes:
        title: Name for people.
        reference: The paper: authors, year, title, where.
        per_sample_gradient: It differentiates the critic at single samples, so that the critic
            must not mix the samples of a batch: architectures leave out its batch normalisation.
        batch_norm: False where batch normalisation in the discriminator would undo what this does
            to its slope: architectures leave it out then, too.
        slope: What it makes of the critic's slope, if anything: ``"clipped"`` weights,
            ``"normalised"`` weights, or a penalty that pulls the slope to ``"one"``, to
            ``"at most one"`` or to ``"zero"``. Combinations that make no sense are refused.
    """

    title: ClassVar[str]
    reference: ClassVar[str]
    per_sample_gradient: ClassVar[bool] = False
    batch_norm: ClassVar[bool] = True
    slope: ClassVar[str] = ""

    def needs(self) -> Needs:
        """Return what is asked of the networks and of the engine."""
        return Needs()

    def interval(self) -> int:
        """Return n to have the penalty in every n-th discriminator step, n times as strong."""
        return 1

    def penalty(self, critic: Critic, context: Context) -> Tensor | None:
        """Return what is added to the discriminator's loss, if anything."""
        return None

    def generator_penalty(self, critic: Critic, context: Context) -> Tensor | None:
        """Return what is added to the generator's loss, if anything."""
        return None

    def weights(self, parameters: Tensors) -> Tensors:
        """Return the weights that the discriminator computes with, made from its parameters."""
        return parameters

    def constrain(self, parameters: Tensors) -> Tensors:
        """Return the discriminator's parameters as they should be after each of its steps."""
        return parameters

    @property
    def state(self) -> Tensors:
        """What this component remembers between steps, as the engine keeps it for each run."""
        kept: Tensors = self.__dict__.get("_state", _NOTHING)
        return kept

    def with_state(self, state: Tensors) -> Self:
        """Return this component with :attr:`state` as given."""
        if not state and not self.state:
            return self
        other = copy.copy(self)
        other.__dict__["_state"] = state
        return other

    def initial_state(self, discriminator: Tensors, generator: Tensors) -> Tensors:
        """Return the state before training, given both players' parameters."""
        return {}

    def after_discriminator_step(self, context: Context) -> Tensors:
        """Return the state after a discriminator step; ``context`` is the step's own."""
        return self.state

    def after_generator_step(self, context: Context) -> Tensors:
        """Return the state after a generator step; ``context`` is the step's own."""
        return self.state
