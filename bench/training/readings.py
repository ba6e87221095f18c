"""What the loss says at a snapshot: the critic as it is, and a copy trained further.

All readings are taken on batches that training never sees, with the generator in evaluation
mode: the generator whose samples the quality metrics judge.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from bench.calculus import interpolate, slopes
from bench.components import Context
from bench.datasets.base import Dataset
from bench.records import ONLINE, REFRESHED, Measurement
from bench.training.cohort import Cohort, Labels
from bench.training.data import batches
from bench.training.network import Stacked
from bench.training.rounds import Hand, over_runs
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
        size = cohort.recipe.batch_size * cohort.game.needs.packing
        streams = cohort.streams
        self._held_out = batches(dataset, "validation", "reading", size, streams)
        self._latent = cohort.latent_stream("reading-latent", size)
        points = cohort.recipe.batch_size, *[1] * len(dataset.shape)
        self._weight = streams.uniform("reading-weight", *points)
        self._noise = cohort.draws("reading-noise")
        self._generator_noise = cohort.draws("reading-generator-noise", "generator")
        self._refresh_real = batches(dataset, "train", "refresh", size, streams)
        self._refresh_latent = cohort.latent_stream("refresh-latent", size)
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
        copy.train()
        for index in range(number * self._refresh_steps, (number + 1) * self._refresh_steps):
            labels = copy.told(self._refresh_real, index)
            fake = copy.sample(self._refresh_latent(index), labels)
            copy.discriminator_step(
                self._refresh_real(index), fake, self._refresh_noise(index), labels, index
            )
        return _by_run(self._read(copy), REFRESHED)

    def _batches(self, cohort: Cohort) -> Iterator[tuple[Tensor, Tensor, Labels]]:
        cohort.train(False)
        for index in range(self._count):
            labels = cohort.told(self._held_out, index)
            yield self._held_out(index), cohort.sample(self._latent(index), labels), labels

    def _read(self, cohort: Cohort) -> dict[str, Tensor]:
        """Return the estimate, the mean logits and the critic's slope, each ``[seeds]``.

        A critic that mixes the samples of a batch has no gradient at a single sample, and so no
        slope; one with several outputs has no logit.
        """
        pairs, norms = [], []
        single = cohort.game.needs.outputs == 1
        for index, (real, fake, labels) in enumerate(self._batches(cohort)):
            with torch.no_grad():
                pairs.append(cohort.logits(real, fake, self._noise(index), labels))
                if single and not cohort.discriminator.mixes_samples:
                    norms.append(_slopes(cohort, real, fake, labels, self._weight(index)))
        real_logits, fake_logits = (torch.cat(part, dim=1) for part in zip(*pairs, strict=True))
        values = {"estimate": cohort.estimates(real_logits, fake_logits).detach()}
        if single:
            values |= {"logit_real": real_logits.mean(1), "logit_fake": fake_logits.mean(1)}
        if norms:
            slope = torch.stack(norms).mean(0)
            gap = values["logit_real"] - values["logit_fake"]
            values |= {"critic_slope": slope, "gap_over_slope": gap / slope}
        return values

    def _players(self) -> dict[str, Tensor]:
        """Return both players' losses and the norms of their gradients, each ``[seeds]``."""
        cohort = self._cohort
        real, fake, labels = next(self._batches(cohort))
        first = cohort.discriminator_losses(real, fake, self._noise(0), labels)
        second = cohort.generator_losses(real, self._latent(0), self._generator_noise(0), labels)
        return {
            "loss_discriminator": first.detach(),
            "loss_generator": second.detach(),
            "grad_norm_discriminator": _norms(first, cohort.discriminator),
            "grad_norm_generator": _norms(second, cohort.generator),
        }


def _slopes(cohort: Cohort, real: Tensor, fake: Tensor, labels: Labels, weight: Tensor) -> Tensor:
    """Return each critic's mean gradient norm at interpolates, ``[seeds]``."""

    def one(hand: Hand, weight: Tensor) -> Tensor:
        real, fake = cohort.rounds.pack(hand.real), cohort.rounds.pack(hand.fake)
        points = interpolate(Context(real, fake, Replay([weight]), cohort.step))
        critic = cohort.critic(hand.weights, hand.buffers, hand.states, hand.labels)
        return slopes(critic, points).mean()

    return over_runs(one, cohort.hand(real, fake, labels), weight)


def _norms(losses: Tensor, network: Stacked) -> Tensor:
    parameters = list(network.parameters.values())
    gradients = torch.autograd.grad(losses.sum(), parameters)
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
