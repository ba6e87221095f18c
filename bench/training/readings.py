"""What the loss says at a snapshot: the critic as it is, and a copy trained further.

All readings are taken on batches that training never sees, with the generator in evaluation
mode: the generator whose samples the quality metrics judge.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.func import vmap

from bench.datasets.base import Dataset
from bench.objectives.base import Context, input_gradient, interpolate
from bench.records import ONLINE, REFRESHED, Measurement
from bench.training.cohort import Cohort
from bench.training.data import batches
from bench.training.network import Parameters
from bench.training.streams import Replay


class Readings:
    """Reads a cohort's losses on held-out batches.

    Args:
        cohort: The runs to read.
        dataset: Their data.
        count: Batches, of the training batch size, in a reading.
        refresh_steps: Further discriminator steps before a refreshed reading.
    """

    def __init__(self, cohort: Cohort, dataset: Dataset, count: int, refresh_steps: int) -> None:
        self._cohort, self._count, self._refresh_steps = cohort, count, refresh_steps
        size = cohort.recipe.batch_size
        latent = cohort.latent
        streams = cohort.streams
        self._held_out = batches(dataset, "validation", "reading", size, streams)
        self._latent = streams.normal("reading-latent", size, latent)
        self._weight = streams.uniform("reading-weight", size, *[1] * len(dataset.shape))
        self._noise = cohort.draws("reading-noise")
        self._refresh_real = batches(dataset, "train", "refresh", size, streams)
        self._refresh_latent = streams.normal("refresh-latent", size, latent)
        self._refresh_noise = cohort.draws("refresh-noise")

    def online(self) -> list[list[Measurement]]:
        """Return the readings of each run's critic as training has it."""
        values = self._read(self._cohort) | self._players()
        return _by_run(values, ONLINE)

    def refreshed(self, number: int) -> list[list[Measurement]]:
        """Return the readings of a copy of each critic after further training.

        The generator stays frozen and the copy is thrown away.

        Args:
            number: Which refresh of the run this is; it picks the batches.
        """
        copy = self._cohort.scratch_discriminator()
        copy.generator.train(False)
        for index in range(number * self._refresh_steps, (number + 1) * self._refresh_steps):
            with torch.no_grad():
                fake = copy.generate(self._refresh_latent(index))
            copy.discriminator_step(self._refresh_real(index), fake, self._refresh_noise(index))
        return _by_run(self._read(copy), REFRESHED)

    def _batches(self, cohort: Cohort) -> Iterator[tuple[Tensor, Tensor]]:
        cohort.generator.train(False)
        for index in range(self._count):
            with torch.no_grad():
                fake = cohort.generate(self._latent(index))
            yield self._held_out(index), fake

    def _read(self, cohort: Cohort) -> dict[str, Tensor]:
        """Return the estimate, the mean logits and the critic's slope, each ``[seeds]``.

        A critic that mixes the samples of a batch has no gradient at a single sample, and so no
        slope.
        """
        pairs, slopes = [], []
        for index, (real, fake) in enumerate(self._batches(cohort)):
            with torch.no_grad():
                pairs.append(cohort.logits(real, fake))
                if not cohort.discriminator.mixes_samples:
                    slopes.append(_slopes(cohort, real, fake, self._weight(index)))
        real_logits, fake_logits = (torch.cat(part, dim=1) for part in zip(*pairs, strict=True))
        values = {
            "estimate": vmap(cohort.objective.estimate)(real_logits, fake_logits),
            "logit_real": real_logits.mean(1),
            "logit_fake": fake_logits.mean(1),
        }
        if slopes:
            slope = torch.stack(slopes).mean(0)
            gap = values["logit_real"] - values["logit_fake"]
            values |= {"critic_slope": slope, "gap_over_slope": gap / slope}
        return values

    def _players(self) -> dict[str, Tensor]:
        """Return both players' losses and the norms of their gradients, each ``[seeds]``."""
        cohort = self._cohort
        real, fake = next(self._batches(cohort))
        first = cohort.discriminator_losses(real, fake, self._noise(0))
        second = cohort.generator_losses(real, self._latent(0))
        return {
            "loss_discriminator": first.detach(),
            "loss_generator": second.detach(),
            "grad_norm_discriminator": _norms(first, cohort.discriminator.parameters),
            "grad_norm_generator": _norms(second, cohort.generator.parameters),
        }


def _slopes(cohort: Cohort, real: Tensor, fake: Tensor, weight: Tensor) -> Tensor:
    """Return each critic's mean gradient norm at interpolates, ``[seeds]``."""

    def one(parameters: Parameters, real: Tensor, fake: Tensor, weight: Tensor) -> Tensor:
        points = interpolate(Context(real, fake, Replay([weight]), cohort.step))
        gradient = input_gradient(cohort.critic(parameters), points)
        norms: Tensor = torch.linalg.vector_norm(gradient, dim=1)
        return norms.mean()

    slopes: Tensor = vmap(one)(cohort.discriminator.parameters, real, fake, weight)
    return slopes


def _norms(losses: Tensor, parameters: Parameters) -> Tensor:
    gradients = torch.autograd.grad(losses.sum(), list(parameters.values()))
    squares = [gradient.flatten(start_dim=1).square().sum(1) for gradient in gradients]
    return torch.stack(squares).sum(0).sqrt()


def _by_run(values: dict[str, Tensor], protocol: str) -> list[list[Measurement]]:
    """Turn values ``[seeds]`` by metric into one list of measurements a run."""
    columns = {metric: value.tolist() for metric, value in values.items()}
    runs = range(len(next(iter(columns.values()))))
    return [
        [Measurement(metric, protocol, column[run]) for metric, column in columns.items()]
        for run in runs
    ]
