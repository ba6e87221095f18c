"""Cohorts of every family train, with losses that need no, first and second derivatives."""

from dataclasses import fields

import pytest
import torch

from bench import architectures, objectives, store
from bench.optimizers import adam
from bench.training.cohort import Cohort
from bench.training.recipe import Recipe

FAMILIES = architectures.find()
SMALL = {"latent": 4, "width": 8, "hidden": 16, "group": 4, "blocks": 1}
SMALL |= {"generator_width": 16, "discriminator_width": 16}
OBJECTIVES = ("non-saturating", "wgan-gp", "rpgan-r1-r2", "wgan-sn")


def cohort(family, objective, seeds=(0, 1)):
    path = FAMILIES[family]
    names = {field.name for field in fields(architectures.load(path))}
    nets = architectures.create(path, {key: SMALL[key] for key in SMALL.keys() & names})
    data = next(
        data for data in ("ring8", "digits") if nets.refusal(store.shipped(data).shape) is None
    )
    recipe = Recipe(6, 100, 1, adam(1e-3, 0.5, 0.9), adam(1e-3, 0.0, 0.9))
    loss = objectives.create(objectives.find()[objective], {})
    return Cohort(loss, nets, store.shipped(data), recipe, seeds, torch.device("cpu"))


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("family", FAMILIES)
def test_every_weight_of_both_networks_is_trained(family, objective):
    runs = cohort(family, objective)
    networks = (runs.generator, runs.discriminator)
    before = [
        {name: value.detach().clone() for name, value in network.parameters.items()}
        for network in networks
    ]
    # In the first step, a branch that ends in zeros has gradients at its end alone.
    for _ in range(3):
        runs.advance()
    assert (runs.diverged_at < 0).all()
    assert all(torch.isfinite(loss).all() for loss in runs.losses)
    for network, values in zip(networks, before, strict=True):
        for name, value in network.parameters.items():
            assert torch.isfinite(value).all()
            # A loss of differences of logits has no use for the last bias.
            if name != "last.bias":
                assert (value != values[name]).flatten(1).any(dim=1).all(), name
        assert all(torch.isfinite(value).all() for value in network.buffers.values())


@pytest.mark.parametrize("family", FAMILIES)
def test_a_seed_starts_alike_alone_and_beside_others(family):
    alone, beside = cohort(family, "non-saturating", (1,)), cohort(family, "non-saturating", (0, 1))
    for player in ("generator", "discriminator"):
        for name, value in getattr(beside, player).parameters.items():
            assert torch.equal(value[1], getattr(alone, player).parameters[name][0])
            if value.ndim > 2 and value[0].any():
                assert not torch.equal(value[0], value[1])
