"""The training loop: the runs of one cell, at several seeds, as one batched model.

The code of objectives and techniques is written for one model. ``vmap`` batches its forward pass
over the seeds; since no run's loss depends on another run's weights, the gradient of the sum of
the losses is every run's own gradient, taken by ordinary autograd on the stacked tensors.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor
from torch.func import vmap
from torch.nn.functional import one_hot

from bench.architectures.base import Architecture
from bench.components import Component, Tensors
from bench.datasets.base import Dataset
from bench.game import Game
from bench.objectives.base import Objective
from bench.training.build import networks
from bench.training.data import Batches, batches
from bench.training.network import Stacked, WeightedCritic
from bench.training.optimization import assign_gradients, make_optimizer
from bench.training.recipe import Recipe
from bench.training.requests import Draws, Requests
from bench.training.rounds import (
    Hand,
    Rounds,
    States,
    generator_compares,
    initial_states,
    over_runs,
)
from bench.training.streams import Stream, Streams
from bench.training.unrolled import Unrolled

#: The classes of a batch, ``[seeds, batch]``, or nothing where the players are not told them.
Labels = tuple[Tensor, ...]


class Cohort:
    """Networks, optimisers and streams of a cell's runs, and one step of each player.

    Attributes:
        architecture: Their family.
        step: Generator steps done.
        states: What each component of the game remembers; tensors ``[seeds, ...]``.
        average: The generators with averaged weights, if the game asks for them.
        diverged_at: The step at which each run's loss was first not finite, or −1, ``[seeds]``.
        losses: The last discriminator and generator losses, each ``[seeds]``.
    """

    def __init__(
        self,
        objective: Objective | Game,
        architecture: Architecture,
        dataset: Dataset,
        recipe: Recipe,
        seeds: Sequence[int],
        device: torch.device,
    ) -> None:
        self.game = objective if isinstance(objective, Game) else Game(objective)
        self.recipe, self.device, self.seeds = recipe, device, tuple(seeds)
        needs = self.game.needs
        self.architecture = architecture
        self.classes = dataset.classes if needs.labels else 0
        self.streams = Streams(self.seeds, device)
        self.generator, self.discriminator = networks(
            self.game, architecture, dataset, self.streams
        )
        self.states = initial_states(self.game, self.discriminator, self.generator)
        compares = generator_compares(self.game, self.states)
        self.rounds = Rounds(self.game, self.discriminator, compares)
        self._constrain()
        self.generator_optimizer = make_optimizer(recipe.generator_optimizer, self.generator)
        self.discriminator_optimizer = make_optimizer(
            recipe.discriminator_optimizer, self.discriminator
        )
        self.average = self.generator.copy() if needs.generator_average else None
        size = recipe.batch_size * needs.packing
        self._real = batches(dataset, "train", "training", size, self.streams)
        # The generator's real batch, for relativistic losses, is not the discriminator's.
        self._paired = batches(dataset, "train", "training-generator", size, self.streams)
        self._latent = self.latent_stream("training-latent", size)
        self._generator_latent = self.latent_stream("training-generator-latent", size)
        samples = torch.ones(len(seeds), size, *dataset.shape, device=device)
        hand = self.hand(samples, -samples, self.told(self._real, 0)).of_run(0)
        first = {name: value[0] for name, value in self.generator.parameters.items()}
        self.train()
        self._requests = Requests(self.rounds, hand, first, self.streams)
        self._noise = self.draws("training-noise")
        self._generator_noise = self.draws("training-generator-noise", "generator")
        self._unrolled_noise = self.draws("training-unrolled-noise")
        self.step = 0
        self.diverged_at = torch.full((len(self.seeds),), -1, device=device)
        nothing = torch.full((len(self.seeds),), float("nan"), device=device)
        self.losses = nothing, nothing

    def latent_stream(self, name: str, count: int) -> Stream:
        """Return the stream of ``count`` latents a run, ``[seeds, count, latent]``."""
        return self.streams.latents(name, count, self.architecture)

    def advance(self) -> None:
        """Do the discriminator's steps and the generator's."""
        self.train()
        steps = self.recipe.discriminator_steps
        last = (self.step + 1) * steps - 1
        for number in range(self.step * steps, last):
            self._discriminator_turn(number)
        if self.recipe.simultaneous:
            second = self._generator_turn()
            first = self._discriminator_turn(last)
        else:
            first = self._discriminator_turn(last)
            second = self._generator_turn()
        self.generator_optimizer.step()
        if self.average is not None:
            # Early on, the untrained weights must not linger.
            decay = min(self.game.needs.generator_average, (1 + self.step) / (10 + self.step))
            self.average.approach(self.generator, 1 - decay)
        self.step += 1
        self.losses = first.detach(), second.detach()
        finite = torch.isfinite(self.losses[0]) & torch.isfinite(self.losses[1])
        newly = ~finite & (self.diverged_at < 0)
        self.diverged_at = torch.where(newly, self.step, self.diverged_at)

    def train(self, mode: bool = True) -> None:
        """Let both networks behave as in training, or as in evaluation."""
        self.generator.train(mode)
        self.discriminator.train(mode)

    def discriminator_step(
        self,
        real: Tensor,
        fake: Tensor,
        draws: Sequence[Tensor] = (),
        labels: Labels = (),
        number: int = 0,
    ) -> Tensor:
        """Update the discriminators; return their losses, penalties included, ``[seeds]``."""
        hand = self.hand(real, fake, labels)
        losses, states = self._discriminator_round(hand, draws, number)
        assign_gradients(losses, self.discriminator)
        self.discriminator_optimizer.step()
        self._constrain()
        self.states = states
        return losses

    def discriminator_losses(
        self, real: Tensor, fake: Tensor, draws: Sequence[Tensor] = (), labels: Labels = ()
    ) -> Tensor:
        """Return each run's discriminator loss, penalties included, ``[seeds]``."""
        return self._discriminator_round(self.hand(real, fake, labels), draws, None)[0]

    def generator_losses(
        self, real: Tensor, latent: Tensor, draws: Sequence[Tensor] = (), labels: Labels = ()
    ) -> Tensor:
        """Return each run's generator loss, ``[seeds]``; gradients reach the generator alone."""
        return self._generator_round(real, latent, draws, labels)[0]

    def generate(self, latent: Tensor, labels: Labels = ()) -> Tensor:
        """Return each run's samples for latents ``[seeds, n, latent]``."""
        return self._generated(self.generator, latent, labels)

    def sample(self, latent: Tensor, labels: Labels = ()) -> Tensor:
        """Return the samples that are evaluated: without gradient, in evaluation mode.

        They are those of the averaged generators where there are any.
        """
        generator = self.average or self.generator
        generator.train(False)
        with torch.no_grad():
            return self._generated(generator, latent, labels)

    def logits(
        self, real: Tensor, fake: Tensor, draws: Sequence[Tensor] = (), labels: Labels = ()
    ) -> tuple[Tensor, Tensor]:
        """Return the outputs at real and fake samples, each ``[seeds, n]``."""

        def one(hand: Hand, draws: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
            return self.rounds.logits(
                hand, self._requests.replay(draws, "discriminator"), self.step
            )

        hand = self.hand(real, fake, labels)
        return over_runs(one, hand, tuple(draws))

    def estimates(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """Return each run's estimate of its divergence from logits ``[seeds, n]``."""
        result: Tensor = vmap(self.rounds.estimate)(self.states, real_logits, fake_logits)
        return result

    def critic(
        self, weights: Tensors, buffers: Tensors, states: States, labels: Labels = ()
    ) -> WeightedCritic:
        """Return **one** discriminator, for use under ``vmap`` in evaluation."""
        effective = self.rounds.effective(weights, states)
        return WeightedCritic(self.discriminator, effective, buffers, labels[0] if labels else None)

    def draws(self, name: str, player: str = "discriminator") -> Draws:
        """Return a source of what a step of a player asks for, under a stream's name."""
        return self._requests.draws(name, player)

    def told(self, drawn: Batches, index: int) -> Labels:
        """Return the classes of a batch if the players are told them."""
        return (drawn.labels(index),) if self.classes else ()

    def scratch_discriminator(self) -> Cohort:
        """Return this cohort with a copy of its discriminators under fresh optimisers.

        Training the copy's discriminators changes nothing here.
        """
        other = copy.copy(self)
        other.discriminator = self.discriminator.copy()
        other.rounds = replace(self.rounds, discriminator=other.discriminator)
        other.discriminator_optimizer = make_optimizer(
            self.recipe.discriminator_optimizer, other.discriminator
        )
        return other

    def _discriminator_turn(self, number: int) -> Tensor:
        labels = self.told(self._real, number)
        with torch.no_grad():
            fake = self.generate(self._latent(number), labels)
        return self.discriminator_step(
            self._real(number), fake, self._noise(number), labels, number
        )

    def _generator_turn(self) -> Tensor:
        """Set the generators' gradients; return their losses, ``[seeds]``."""
        labels = self.told(self._paired, self.step)
        losses, states = self._generator_round(
            self._paired(self.step),
            self._generator_latent(self.step),
            self._generator_noise(self.step),
            labels,
        )
        assign_gradients(losses, self.generator)
        self.states = states
        return losses

    def _discriminator_round(
        self, hand: Hand, draws: Sequence[Tensor], number: int | None
    ) -> tuple[Tensor, States]:
        def one(hand: Hand, draws: Sequence[Tensor]) -> tuple[Tensor, States]:
            noise = self._requests.replay(draws, "discriminator")
            return self.rounds.discriminator_loss(hand, noise, self.step, number)

        return over_runs(one, hand, tuple(draws))

    def _generator_round(
        self, real: Tensor, latent: Tensor, draws: Sequence[Tensor], labels: Labels
    ) -> tuple[Tensor, States]:
        fake = self.generate(latent, labels)
        hand = self._unroll(self.hand(real, fake, labels))

        def one(hand: Hand, parameters: Tensors, draws: Sequence[Tensor]) -> tuple[Tensor, States]:
            noise = self._requests.replay(draws, "generator")
            return self.rounds.generator_loss(hand, parameters, noise, self.step)

        return over_runs(one, hand, self.generator.parameters, tuple(draws))

    def _unroll(self, hand: Hand) -> Hand:
        """Return ``hand`` with the weights that the discriminators will have some steps later.

        They depend on the generated samples, and so on the generators. Every step is on the same
        batch, as in Metz et al. 2017.
        """
        steps = self.game.needs.unrolled_steps
        if steps == 0:
            frozen = {name: value.detach() for name, value in hand.weights.items()}
            return hand._replace(weights=frozen)
        ahead = Unrolled(self.discriminator_optimizer)
        draws = self._unrolled_noise(self.step)
        following = (self.step + 1) * self.recipe.discriminator_steps
        for number in range(following, following + steps):
            losses, states = self._discriminator_round(hand, draws, number)
            gradients = torch.autograd.grad(
                losses.sum(), list(hand.weights.values()), create_graph=True
            )
            values = ahead.step(list(hand.weights.values()), gradients)
            weights = dict(zip(hand.weights, values, strict=True))
            hand = hand._replace(weights=self._constrained(weights), states=states)
        # What the components will have remembered by then is not what they remember now.
        return hand._replace(states=self.states)

    def hand(self, real: Tensor, fake: Tensor, labels: Labels = ()) -> Hand:
        """Return what the runs bring to a step on these samples."""
        network = self.discriminator
        return Hand(network.parameters, network.buffers, self.states, real, fake, labels)

    def _generated(self, generator: Stacked, latent: Tensor, labels: Labels) -> Tensor:
        if labels:
            told = one_hot(labels[0], self.classes).to(latent.dtype)
            latent = torch.cat([latent, told], dim=-1)
        samples: Tensor = vmap(generator)(generator.parameters, generator.buffers, latent)
        return samples

    def _constrain(self) -> None:
        with torch.no_grad():
            new = self._constrained(self.discriminator.parameters)
            for name, value in self.discriminator.parameters.items():
                if new[name] is not value:
                    value.copy_(new[name])

    def _constrained(self, weights: Tensors) -> Tensors:
        for part in self.game.components:
            if type(part).constrain is not Component.constrain:
                weights = vmap(part.constrain)(weights)
        return weights
