"""Unrolled steps against torch's own optimisers and finite differences."""

import copy

import numpy as np
import pytest
import torch
from torch.func import functional_call
from torch.nn.functional import softplus

from bench.architectures.mlp import MLP
from bench.optimizers import Optimizer, adam, rmsprop, sgd
from bench.training.optimization import make_optimizer
from bench.training.unrolled import Unrolled

OPTIMIZERS = {
    "adam": lambda p: torch.optim.Adam(p, 0.01, betas=(0.5, 0.9), eps=1e-3),
    "adam, decay": lambda p: torch.optim.Adam(p, 0.01, betas=(0.0, 0.99), weight_decay=0.1),
    "adam, fused": lambda p: torch.optim.Adam(p, 0.01, fused=True),
    "rmsprop": lambda p: torch.optim.RMSprop(p, 0.01, alpha=0.9, eps=1e-3),
    "rmsprop, momentum": lambda p: torch.optim.RMSprop(p, 0.01, momentum=0.8, weight_decay=0.1),
    "sgd": lambda p: torch.optim.SGD(p, 0.1),
    "sgd, momentum": lambda p: torch.optim.SGD(p, 0.1, momentum=0.9, weight_decay=0.2),
}


@pytest.mark.parametrize("before", [0, 2])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_steps_are_torchs_own(name, before):
    """Three steps on, from a fresh optimiser and from one that has memories."""
    generator = torch.Generator().manual_seed(0)

    def draw():
        return [torch.randn(3, generator=generator).double(), torch.zeros(2, 2).double()]

    parameters = [value.requires_grad_() for value in draw()]
    optimizer = OPTIMIZERS[name](parameters)

    def step(gradients):
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = gradient.clone()
        optimizer.step()

    for _ in range(before):
        step(draw())
    kept = copy.deepcopy(optimizer.state_dict())
    ahead, values = Unrolled(optimizer), [value.detach().clone() for value in parameters]
    steps = []
    for _ in range(3):
        gradients = draw()
        values = ahead.step(values, gradients)
        steps.append((gradients, values))
    # Looking ahead has moved neither the parameters nor the optimiser.
    for index, entries in optimizer.state_dict()["state"].items():
        for key, value in entries.items():
            assert value is None or torch.equal(value, kept["state"][index][key])
    for gradients, values in steps:
        step(gradients)
        for value, parameter in zip(values, parameters, strict=True):
            torch.testing.assert_close(value, parameter.detach(), rtol=1e-9, atol=1e-12)


RATES = {
    "sgd": sgd(0.2),
    "momentum": sgd(0.1, momentum=0.9),
    "adam": adam(0.05, 0.5, 0.9),
    "rmsprop": rmsprop(0.02),
    "decay": Optimizer("sgd", 0.2, {"weight_decay": 0.1}),
}


def doubled(cohort):
    """Take a cohort's networks to float64, with fresh optimisers."""
    for player in ("generator", "discriminator"):
        network = getattr(cohort, player)
        network.parameters = {
            name: value.detach().double().requires_grad_()
            for name, value in network.parameters.items()
        }
        settings = getattr(cohort.recipe, f"{player}_optimizer")
        setattr(cohort, f"{player}_optimizer", make_optimizer(settings, network))
    return cohort


def looked_ahead(cohort, real, latent, steps):
    """Return the generator's loss after steps of a copy of the discriminator, by hand."""
    nets = MLP(latent=2, width=16, depth=2)
    generator, discriminator = nets.generator((2,)).double(), nets.discriminator((2,)).double()
    weights = {name: value[0] for name, value in cohort.generator.parameters.items()}
    with torch.no_grad():
        fake = functional_call(generator, weights, latent[0])
    state = cohort.discriminator.parameters
    discriminator.load_state_dict({name: value[0] for name, value in state.items()})
    mine = dict(discriminator.named_parameters())
    kind = type(cohort.discriminator_optimizer)
    optimizer = kind([mine[name] for name in state], lr=1.0)
    saved = copy.deepcopy(cohort.discriminator_optimizer.state_dict())
    for entries in saved["state"].values():
        for key, value in entries.items():
            if key != "step" and value is not None:
                entries[key] = value[0]
    optimizer.load_state_dict(saved)
    for _ in range(steps):
        optimizer.zero_grad()
        loss = softplus(-discriminator(real[0])).mean() + softplus(discriminator(fake)).mean()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        return softplus(-discriminator(fake)).mean().item()


@pytest.mark.parametrize("steps", [0, 1, 2])
@pytest.mark.parametrize("rate", RATES)
def test_the_generators_gradient_passes_through_the_steps(make, rate, steps):
    """Against finite differences of a loop over torch's optimiser."""
    optimizers = sgd(0.1), RATES[rate]
    cohort = doubled(make({"unrolled": {"steps": steps}}, seeds=(0,), optimizers=optimizers))
    random = torch.Generator().manual_seed(0)
    real, latent, other = torch.randn(3, 1, 6, 2, generator=random, dtype=torch.float64)
    # The optimiser has memories by now.
    cohort.discriminator_step(other, 2 * real)
    loss = cohort.generator_losses(real, latent)
    assert loss.item() == pytest.approx(looked_ahead(cohort, real, latent, steps), rel=1e-9)
    parameters = cohort.generator.parameters
    gradients = torch.autograd.grad(loss.sum(), list(parameters.values()))
    for parameter, gradient in zip(parameters.values(), gradients, strict=True):
        place = np.unravel_index(int(gradient.abs().argmax()), tuple(gradient.shape))
        values = []
        for change in (1e-6, -1e-6):
            with torch.no_grad():
                parameter[place] += change
            values.append(looked_ahead(cohort, real, latent, steps))
            with torch.no_grad():
                parameter[place] -= change
        expected = (values[0] - values[1]) / 2e-6
        assert gradient[place].item() == pytest.approx(expected, rel=2e-4, abs=1e-8)


def test_the_steps_ahead_matter_and_are_not_taken(make):
    gradients = []
    for steps in (0, 1, 2):
        cohort = make({"unrolled": {"steps": steps}}, optimizers=(sgd(0.1), sgd(0.5)))
        before = {k: v.detach().clone() for k, v in cohort.discriminator.parameters.items()}
        random = torch.Generator().manual_seed(0)
        real, latent = torch.randn(2, 2, 6, 2, generator=random)
        loss = cohort.generator_losses(real, latent)
        weight = cohort.generator.parameters["0.weight"]
        gradients.append(torch.autograd.grad(loss.sum(), weight)[0])
        after = cohort.discriminator.parameters
        assert all(torch.equal(value, after[key]) for key, value in before.items())
    assert not torch.allclose(gradients[0], gradients[1], rtol=1e-2)
    assert not torch.allclose(gradients[1], gradients[2], rtol=1e-2)
