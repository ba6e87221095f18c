"""The training loop: the runs of one cell, at several seeds, as one batched model.

The objective's code is written for one model. ``vmap`` batches its forward pass over the seeds;
since no run's loss depends on another run's weights, the gradient of the sum of the losses is
every run's own gradient, taken by ordinary autograd on the stacked tensors.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.func import vmap

from bench.architectures.base import Architecture
from bench.datasets.base import Dataset
from bench.objectives.base import Context, Critic, Objective, Optimizer
from bench.training.data import batches
from bench.training.network import Parameters, Stacked
from bench.training.recipe import Recipe
from bench.training.streams import Recorder, Replay, Streams

Draws = Callable[[int], tuple[Tensor, ...]]


class Cohort:
    """Networks, optimisers and streams of a cell's runs, and one step of each player.

    Attributes:
        latent: Dimension of the latent.
        step: Generator steps done.
        diverged_at: The step at which each run's loss was first not finite, or −1, ``[seeds]``.
        losses: The last discriminator and generator losses, each ``[seeds]``.
    """

    def __init__(
        self,
        objective: Objective,
        architecture: Architecture,
        dataset: Dataset,
        recipe: Recipe,
        seeds: Sequence[int],
        device: torch.device,
    ) -> None:
        self.objective, self.recipe, self.device = objective, recipe, device
        self.seeds = tuple(seeds)
        shape = dataset.shape
        self.generator = Stacked(lambda: architecture.generator(shape), "generator", seeds, device)
        self.discriminator = Stacked(
            lambda: architecture.discriminator(shape, not objective.per_sample_gradient),
            "discriminator",
            seeds,
            device,
        )
        self._constrain()
        self.generator_optimizer = make_optimizer(recipe.generator_optimizer, self.generator)
        self.discriminator_optimizer = make_optimizer(
            recipe.discriminator_optimizer, self.discriminator
        )
        self.streams = Streams(self.seeds, device)
        self.latent = architecture.latent
        size, latent = recipe.batch_size, self.latent
        self._real = batches(dataset, "train", "training", size, self.streams)
        # The generator's real batch, for relativistic losses, is not the discriminator's.
        self._paired = batches(dataset, "train", "training-generator", size, self.streams)
        self._latent = self.streams.normal("training-latent", size, latent)
        self._generator_latent = self.streams.normal("training-generator-latent", size, latent)
        self._requests = self._record(shape)
        self._compares = _generator_compares(objective)
        self._noise = self.draws("training-noise")
        self.step = 0
        self.diverged_at = torch.full((len(self.seeds),), -1, device=device)
        nothing = torch.full((len(self.seeds),), float("nan"), device=device)
        self.losses = nothing, nothing

    def advance(self) -> None:
        """Do the discriminator's steps and then the generator's."""
        self.generator.train()
        self.discriminator.train()
        index = self.step * self.recipe.discriminator_steps
        for number in range(index, index + self.recipe.discriminator_steps):
            with torch.no_grad():
                fake = self.generate(self._latent(number))
            first = self.discriminator_step(self._real(number), fake, self._noise(number))
        real, latent = self._paired(self.step), self._generator_latent(self.step)
        second = self.generator_losses(real, latent)
        assign_gradients(second, self.generator)
        self.generator_optimizer.step()
        self.step += 1
        self.losses = first.detach(), second.detach()
        finite = torch.isfinite(self.losses[0]) & torch.isfinite(self.losses[1])
        newly = ~finite & (self.diverged_at < 0)
        self.diverged_at = torch.where(newly, self.step, self.diverged_at)

    def discriminator_step(self, real: Tensor, fake: Tensor, draws: Sequence[Tensor]) -> Tensor:
        """Update the discriminators; return their losses, penalties included, ``[seeds]``."""
        losses = self.discriminator_losses(real, fake, draws)
        assign_gradients(losses, self.discriminator)
        self.discriminator_optimizer.step()
        self._constrain()
        return losses

    def discriminator_losses(self, real: Tensor, fake: Tensor, draws: Sequence[Tensor]) -> Tensor:
        """Return each run's discriminator loss, penalty included, ``[seeds]``."""

        def one(
            parameters: Parameters, real: Tensor, fake: Tensor, draws: Sequence[Tensor]
        ) -> Tensor:
            critic = self.critic(parameters)
            loss = self.objective.discriminator_loss(*self._both(critic, real, fake))
            penalty = self.objective.penalty(critic, Context(real, fake, Replay(draws), self.step))
            return loss if penalty is None else loss + penalty

        losses: Tensor = vmap(one)(self.discriminator.parameters, real, fake, tuple(draws))
        return losses

    def generator_losses(self, real: Tensor, latent: Tensor) -> Tensor:
        """Return each run's generator loss, ``[seeds]``; gradients reach the generator alone."""

        def one(
            parameters: Parameters,
            buffers: Parameters,
            frozen: Parameters,
            real: Tensor,
            latent: Tensor,
        ) -> Tensor:
            critic, fake = self.critic(frozen), self.generator(parameters, buffers, latent)
            fake_logits = critic(fake)
            # Most objectives ignore the real logits here; then there is nothing to compute.
            real_logits = critic(real) if self._compares else torch.zeros_like(fake_logits)
            return self.objective.generator_loss(real_logits, fake_logits)

        frozen = {name: value.detach() for name, value in self.discriminator.parameters.items()}
        losses: Tensor = vmap(one)(
            self.generator.parameters, self.generator.buffers, frozen, real, latent
        )
        return losses

    def generate(self, latent: Tensor) -> Tensor:
        """Return each run's samples for latents ``[seeds, n, latent]``."""
        samples: Tensor = vmap(self.generator)(
            self.generator.parameters, self.generator.buffers, latent
        )
        return samples

    def logits(self, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        """Return the logits of real and fake samples, each ``[seeds, n]``."""

        def one(parameters: Parameters, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
            return self._both(self.critic(parameters), real, fake)

        result: tuple[Tensor, Tensor] = vmap(one)(self.discriminator.parameters, real, fake)
        return result

    def critic(self, parameters: Parameters) -> Critic:
        """Return **one** discriminator with these parameters, for use under ``vmap``."""
        return lambda samples: self.discriminator(parameters, {}, samples)

    def draws(self, name: str) -> Draws:
        """Return a source of what the objective's penalty asks for, under a stream's name."""
        made = [
            (self.streams.uniform if kind == "uniform" else self.streams.normal)(
                f"{name}/{position}", *shape
            )
            for position, (kind, shape) in enumerate(self._requests)
        ]
        return lambda index: tuple(stream(index) for stream in made)

    def scratch_discriminator(self) -> Cohort:
        """Return this cohort with a copy of its discriminators under fresh optimisers.

        Training the copy's discriminators changes nothing here.
        """
        other = copy.copy(self)
        other.discriminator = copy.copy(self.discriminator)
        other.discriminator.parameters = {
            name: value.detach().clone().requires_grad_()
            for name, value in self.discriminator.parameters.items()
        }
        other.discriminator_optimizer = make_optimizer(
            self.recipe.discriminator_optimizer, other.discriminator
        )
        return other

    def _both(self, critic: Critic, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        if self.discriminator.mixes_samples:
            return critic(real), critic(fake)
        first, second = critic(torch.cat([real, fake])).tensor_split([len(real)])
        return first, second

    def _constrain(self) -> None:
        if type(self.objective).constrain is Objective.constrain:
            return
        with torch.no_grad():
            new = vmap(self.objective.constrain)(self.discriminator.parameters)
            for name, value in self.discriminator.parameters.items():
                value.copy_(new[name])

    def _record(self, shape: tuple[int, ...]) -> list[tuple[str, tuple[int, ...]]]:
        """Run the penalty once to learn which random numbers it asks for."""
        recorder = Recorder(self.device)
        samples = torch.ones(self.recipe.batch_size, *shape, device=self.device)
        first = {name: value[0].detach() for name, value in self.discriminator.parameters.items()}
        self.objective.penalty(self.critic(first), Context(samples, -samples, recorder, 0))
        return recorder.requests


def _generator_compares(objective: Objective) -> bool:
    """Return whether the generator's loss looks at the real logits, as relativistic ones do."""
    nothing: Any = object()
    try:
        objective.generator_loss(nothing, torch.zeros(2))
    except Exception:
        return True
    return False


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
