"""Builds a cell's networks as its game needs them."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from bench.architectures.base import Architecture, Form
from bench.datasets.base import Dataset
from bench.game import Game
from bench.layers.reference import with_reference
from bench.training.data import batches
from bench.training.network import Stacked
from bench.training.streams import Streams


def networks(
    game: Game, architecture: Architecture, dataset: Dataset, streams: Streams
) -> tuple[Stacked, Stacked]:
    """Return the generators and the discriminators, one of each a seed."""
    needs = game.needs
    classes = dataset.classes if needs.labels else 0
    # A generator that is told the class gets it as a one-hot vector behind its latent.
    latent = architecture.latent + classes
    shape = (dataset.shape[0] * needs.packing, *dataset.shape[1:])
    reference = needs.reference_batch
    form = Form(
        outputs=needs.outputs,
        # Normalised by a fixed batch, the samples of a batch do not meet.
        batch_norm=game.batch_norm and (bool(reference) or not game.per_sample_gradient),
        minibatch=needs.minibatch,
        reconstruction=needs.reconstruction,
        classes=classes,
    )

    def generator() -> nn.Module:
        made = replace(architecture, latent=latent).generator(dataset.shape)
        return with_reference(made, torch.zeros(reference, latent)) if reference else made

    def discriminator() -> nn.Module:
        made = architecture.discriminator(shape, form)
        normalised = reference and form.batch_norm
        return with_reference(made, torch.zeros(reference, *shape)) if normalised else made

    generators = Stacked(generator, "generator", streams.seeds, streams.device)
    discriminators = Stacked(discriminator, "discriminator", streams.seeds, streams.device)
    if reference:
        latents = streams.latents("reference-latent", reference, architecture)(0)
        real = batches(dataset, "train", "reference", reference * needs.packing, streams)
        if classes:
            told = nn.functional.one_hot(real.labels(0), classes).to(latents.dtype)
            latents = torch.cat([latents, told], dim=-1)
        _set_reference(generators, latents)
        if form.batch_norm:
            samples = real(0).reshape(-1, reference, *shape)
            _set_reference(discriminators, samples)
    return generators, discriminators


def _set_reference(network: Stacked, values: Tensor) -> None:
    (name,) = (name for name in network.buffers if name.rpartition(".")[2] == "reference")
    network.buffers[name] = values
