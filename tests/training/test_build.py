"""Networks as a game needs them."""

import pytest
import torch

from bench import objectives, techniques
from bench.game import Game


def game(name, **chosen):
    made = {
        key.replace("_", "-"): techniques.create(techniques.find()[key.replace("_", "-")], settings)
        for key, settings in chosen.items()
    }
    return Game(objectives.create(objectives.find()[name], {}), made)


@pytest.mark.parametrize(
    ("parts", "normalised"),
    [
        (game("non-saturating"), True),
        (game("wgan"), True),
        (game("wgan-gp"), False),
        (game("non-saturating", r1={}), False),
        # Normalisation by the batch's deviation would undo the bound on each layer's slope.
        (game("wgan-sn"), False),
        (game("hinge", spectral_norm={}), False),
    ],
)
def test_who_has_batch_normalisation_in_the_discriminator(make, parts, normalised):
    cohort = make(parts, "dcgan")
    assert cohort.discriminator.mixes_samples is normalised
    assert cohort.generator.mixes_samples


def test_a_reference_batch_replaces_it_where_it_may_be(make):
    cohort = make(game("non-saturating", r1={}, virtual_batch_norm={"size": 8}), "dcgan")
    assert not cohort.discriminator.mixes_samples
    assert not cohort.generator.mixes_samples
    assert any(name.endswith("reference") for name in cohort.discriminator.buffers)
    normalised = make(game("wgan-sn", virtual_batch_norm={"size": 8}), "dcgan")
    assert not any(name.endswith("reference") for name in normalised.discriminator.buffers)
    assert any(name.endswith("reference") for name in normalised.generator.buffers)


def test_each_seed_has_a_reference_batch_of_its_own(make):
    cohort = make(game("non-saturating", virtual_batch_norm={"size": 8}), "dcgan")
    for network in (cohort.generator, cohort.discriminator):
        (name,) = (name for name in network.buffers if name.endswith("reference"))
        first, second = network.buffers[name]
        assert len(first) == 8
        assert not torch.equal(first, second)


def test_packs_reach_the_discriminator_as_one_sample(make):
    cohort = make(game("non-saturating", packing={"size": 3}), batch=4)
    samples = torch.arange(2 * 12 * 2.0).reshape(2, 12, 2)
    assert torch.equal(cohort.rounds.pack(samples[0])[1], torch.arange(6.0, 12.0))
    first, _ = cohort.logits(samples, samples)
    assert first.shape == (2, 4)
