"""When the players step, what they see then, and in which steps a lazy penalty is there."""

import copy
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from torch.nn.functional import softplus

from bench import store
from bench.architectures.mlp import MLP
from bench.game import Game
from bench.optimizers import sgd
from bench.techniques.base import Penalty
from bench.training.cohort import Cohort


def step(module, loss, rate):
    gradients = torch.autograd.grad(loss, list(module.parameters()))
    with torch.no_grad():
        for parameter, gradient in zip(module.parameters(), gradients, strict=True):
            parameter -= rate * gradient


@pytest.mark.parametrize("steps", [1, 2])
@pytest.mark.parametrize("simultaneous", [False, True])
def test_simultaneous_and_alternating_steps(make, steps, simultaneous):
    """One round by hand: the generator's gradient is at the discriminator before or after."""
    rates = sgd(0.3), sgd(0.5)
    cohort = make({}, seeds=(7,), steps=steps, optimizers=rates, simultaneous=simultaneous)
    nets = MLP(latent=2, width=16, depth=2)
    generator, discriminator = nets.generator((2,)), nets.discriminator((2,))
    pairs = [(generator, cohort.generator), (discriminator, cohort.discriminator)]
    for module, network in pairs:
        module.load_state_dict({name: value[0] for name, value in network.state().items()})
    batches = [(cohort._real(n)[0], cohort._latent(n)[0]) for n in range(steps)]
    last = cohort._generator_latent(0)[0]
    cohort.advance()
    for number, (real, latent) in enumerate(batches):
        if number == steps - 1:
            before = copy.deepcopy(discriminator)
        fake = generator(latent).detach()
        loss = softplus(-discriminator(real)).mean() + softplus(discriminator(fake)).mean()
        step(discriminator, loss, 0.5)
    opponent = before if simultaneous else discriminator
    step(generator, softplus(-opponent(generator(last))).mean(), 0.3)
    for module, network in pairs:
        for name, value in module.state_dict().items():
            torch.testing.assert_close(network.state()[name][0].detach(), value)


@dataclass(frozen=True)
class Constant(Penalty):
    """A penalty that teaches nothing."""

    title, reference = "Constant", "Nobody 2026"

    def penalty(self, critic, context):
        return self.weight * torch.ones(())


@dataclass(frozen=True)
class Asking(Penalty):
    """A penalty that is the mean of the noise that it draws."""

    title, reference = "Asking", "Nobody 2026"

    def penalty(self, critic, context):
        return context.noise.normal(*context.real.shape).mean()


class Spy(Cohort):
    """A cohort that keeps the losses of every discriminator step."""

    def discriminator_step(self, *given):
        losses = super().discriminator_step(*given)
        self.seen = [*getattr(self, "seen", []), losses.detach()]
        return losses


@pytest.fixture
def rebuilt(make):
    """Make a cohort of non-saturating with technique objects."""

    def rebuilt(techniques):
        cohort = make({})
        game = Game(cohort.game.objective, techniques)
        nets, dataset = MLP(latent=2, width=16, depth=2), store.shipped("ring8")
        return Spy(game, nets, dataset, cohort.recipe, cohort.seeds, torch.device("cpu"))

    return rebuilt


@pytest.mark.parametrize("every", [1, 3])
def test_a_lazy_penalty_is_there_in_every_nth_step_n_times_as_strong(rebuilt, every):
    """Over eight discriminator steps, two of them in each round."""
    plain, lazy = rebuilt({}), rebuilt({"constant": Constant(weight=5.0, every=every)})
    for _ in range(4):
        plain.advance()
        lazy.advance()
    added = [(b - a)[0].item() for a, b in zip(plain.seen, lazy.seen, strict=True)]
    expected = [5.0 * every if number % every == 0 else 0.0 for number in range(8)]
    assert added == pytest.approx(expected, abs=1e-4)


def test_a_lazy_gradient_penalty_against_its_formula(make):
    """Step 0 and 3 have three times the penalty of an eager one, 1 and 2 none."""
    cohorts = {every: make({"r1": {"every": every}}) for every in (1, 3)}
    real, fake = torch.randn(2, 2, 8, 2, generator=torch.Generator().manual_seed(0))
    plain = make({}).discriminator_losses(real, fake)
    penalty = cohorts[1].discriminator_losses(real, fake) - plain
    assert (penalty > 0.01).all()
    for number in range(4):
        losses, _ = cohorts[3]._discriminator_round(cohorts[3].hand(real, fake), (), number)
        expected = 3 * penalty if number % 3 == 0 else 0 * penalty
        torch.testing.assert_close(losses - plain, expected, rtol=1e-4, atol=1e-5)


def test_every_part_gets_its_own_draws_also_when_a_lazy_one_asks_for_nothing(rebuilt, create):
    """A penalty behind a lazy one draws normal numbers, never what the other left."""
    parts = {"lazy": create("dragan-penalty", every=2), "asking": Asking()}
    plain, cohort = rebuilt({}), rebuilt(parts)
    real, fake = torch.randn(2, 2, 8, 2, generator=torch.Generator().manual_seed(0))
    draws = cohort.draws("test")(0)
    assert [draw.shape[1:] for draw in draws] == [(8, 2), (8, 1), (8, 2)]
    losses, _ = cohort._discriminator_round(cohort.hand(real, fake), draws, 1)
    added = losses - plain.discriminator_losses(real, fake)
    torch.testing.assert_close(added, draws[2].mean(dim=(1, 2)), rtol=1e-4, atol=1e-6)


def test_looking_ahead_counts_on_from_the_steps_done(make, monkeypatch):
    """A lazy penalty is in as many of the steps ahead as it will be in those to come."""
    cohort = make({"unrolled": {"steps": 3}, "r1": {"every": 3}})
    numbers, played = [], cohort._discriminator_round

    def play(hand, draws, number):
        numbers.append(number)
        return played(hand, draws, number)

    monkeypatch.setattr(cohort, "_discriminator_round", play)
    cohort.advance()
    cohort.advance()
    assert numbers == [0, 1, 2, 3, 4, 2, 3, 4, 5, 6]


def test_views_and_losses_are_applied_in_the_order_of_the_study(create, context):
    """Smoothing of a noisy loss: both labels' terms are noisy."""
    given = context(6)
    given = replace(given, real_logits=given.real[:, 0], fake_logits=given.fake[:, 0])
    asked = []

    def loss(real, fake):
        asked.append((real, fake))
        return real.mean() - 2 * fake.mean()

    value = create("label-smoothing", real=0.8).discriminator_loss(loss, given)
    r, f = given.real_logits.numpy(), given.fake_logits.numpy()
    expected = r.mean() - 2 * f.mean() + 0.2 * (-2 * r.mean() - r.mean())
    assert value.item() == pytest.approx(expected, rel=1e-5)
    assert np.allclose(asked[0][0], r)
