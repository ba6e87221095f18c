"""The batched engine against plain single-model PyTorch, and its promises about seeds."""

import copy

import pytest
import torch

from bench import objectives
from bench.architectures.base import Form
from bench.training.cohort import Cohort
from bench.training.network import Stacked

ARCHITECTURES = ("mlp", "dcgan")
PLAYERS = ("generator", "discriminator")


class Spy(Cohort):
    """A cohort that keeps what each step of it is given."""

    def __init__(self, *arguments):
        self.latents, self.discriminator_inputs, self.generator_inputs = [], [], []
        super().__init__(*arguments)

    def generate(self, latent, *labels):
        self.latents.append(latent)
        return super().generate(latent, *labels)

    def discriminator_step(self, *given):
        self.discriminator_inputs.append(given[:3])
        return super().discriminator_step(*given)

    def _generator_round(self, *given):
        self.generator_inputs.append(given[:2])
        return super()._generator_round(*given)


def advance(cohort, steps):
    for _ in range(steps):
        cohort.advance()
    return cohort


def states(cohort):
    return {
        f"{player}/{name}": value.detach().clone()
        for player in PLAYERS
        for name, value in getattr(cohort, player).state().items()
    }


def modules(cohort, architecture, run):
    """Return the ordinary networks of one run, with its weights."""
    nets, shape = architecture
    pair = (
        nets.generator(shape),
        nets.discriminator(shape, Form(batch_norm=not cohort.game.objective.per_sample_gradient)),
    )
    for module, player in zip(pair, PLAYERS, strict=True):
        state = getattr(cohort, player).state()
        module.load_state_dict({name: value[run].clone() for name, value in state.items()})
    return pair


@pytest.mark.parametrize("name", ["non-saturating", "wgan-gp"])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_seed_alone_is_the_same_seed_in_a_cohort(make, name, architecture):
    together = states(advance(make(name, architecture, (4, 0, 9)), 4))
    for run, seed in enumerate((4, 0, 9)):
        alone = states(advance(make(name, architecture, (seed,)), 4))
        for key, value in alone.items():
            torch.testing.assert_close(value[0], together[key][run], rtol=1e-4, atol=2e-5)


def test_running_statistics_belong_to_the_run_and_move(make):
    cohort = make("non-saturating", "dcgan")
    before = {key: value.clone() for key, value in cohort.generator.buffers.items()}
    advance(cohort, 2)
    means = [key for key in before if key.endswith("running_mean")]
    assert means
    for key in means:
        now = cohort.generator.buffers[key]
        assert not torch.equal(now, before[key])
        assert not torch.equal(now[0], now[1])
    # Two discriminator steps and a generator step see the generator in training mode.
    counts = [value for key, value in cohort.generator.buffers.items() if "num_batches" in key]
    assert all((count == 2 * 3).all() for count in counts)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_evaluation_leaves_the_running_statistics(make, architecture):
    cohort = advance(make("hinge", architecture), 1)
    before = states(cohort)
    cohort.generator.train(False)
    with torch.no_grad():
        cohort.generate(torch.randn(2, 30, cohort.architecture.latent))
    assert all(torch.equal(value, before[key]) for key, value in states(cohort).items())


def test_seeds_start_at_different_weights(make):
    for value in make("hinge").generator.parameters.values():
        assert not torch.equal(value[0], value[1])


@pytest.mark.parametrize("other", ["least-squares", "wgan-gp"])
def test_objectives_share_initial_weights_batches_and_noise(make, other):
    """Comparisons are paired by seed: only the objective differs."""
    first = make("non-saturating", kind=Spy)
    second = make(other, kind=Spy)
    start = states(second)
    assert all(torch.equal(value, start[key]) for key, value in states(first).items())
    advance(first, 3)
    advance(second, 3)
    assert all(map(torch.equal, first.latents, second.latents))
    for one, two in zip(first.discriminator_inputs, second.discriminator_inputs, strict=True):
        assert torch.equal(one[0], two[0])
    # The first fakes come from the same generators.
    assert torch.equal(first.discriminator_inputs[0][1], second.discriminator_inputs[0][1])
    for one, two in zip(first.generator_inputs, second.generator_inputs, strict=True):
        assert all(map(torch.equal, one, two))


def test_each_step_sees_a_fresh_batch(make):
    cohort = advance(make("wgan-gp", kind=Spy), 3)
    reals = [given[0] for given in cohort.discriminator_inputs]
    draws = [given[2][0] for given in cohort.discriminator_inputs]
    reals += [given[0] for given in cohort.generator_inputs]
    latents = cohort.latents
    for seen in (reals, draws, latents):
        rows = torch.stack(seen).flatten(start_dim=2).flatten(end_dim=1)
        assert len(rows.unique(dim=0)) == len(rows)


def plain_discriminator_loss(name, discriminator, real, fake, draws):
    """Return the loss as a textbook writes it."""
    first, second = discriminator(real), discriminator(fake)
    if name == "non-saturating":
        loss = torch.nn.BCEWithLogitsLoss()
        return loss(first, torch.ones_like(first)) + loss(second, torch.zeros_like(second))
    weight = draws[0]
    points = (weight * fake + (1 - weight) * real).requires_grad_()
    (slope,) = torch.autograd.grad(discriminator(points).sum(), points, create_graph=True)
    norm = slope.flatten(1).pow(2).sum(1).sqrt()
    return second.mean() - first.mean() + 10 * ((norm - 1) ** 2).mean()


def plain_generator_loss(name, logits):
    if name == "non-saturating":
        return torch.nn.functional.binary_cross_entropy_with_logits(logits, torch.ones_like(logits))
    return -logits.mean()


@pytest.mark.parametrize("run", [0, 1])
@pytest.mark.parametrize("name", ["non-saturating", "wgan-gp"])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_engine_is_a_plain_loop(make, cells, name, architecture, run):
    """Five steps of each player, written by hand for one model with ordinary modules."""
    cohort = make(name, architecture, kind=Spy)
    generator, discriminator = modules(cohort, cells[architecture], run)
    advance(cohort, 5)
    optimizers = (
        torch.optim.Adam(generator.parameters(), 1e-3, betas=(0.5, 0.9)),
        torch.optim.Adam(discriminator.parameters(), 2e-3, betas=(0.0, 0.9)),
    )
    given, latents = iter(cohort.discriminator_inputs), iter(cohort.latents)
    for _ in range(5):
        for _ in range(2):
            real, fake, draws = next(given)
            made = generator(next(latents)[run]).detach()
            torch.testing.assert_close(made, fake[run], rtol=1e-4, atol=1e-4)
            optimizers[1].zero_grad()
            plain_discriminator_loss(
                name, discriminator, real[run], made, [draw[run] for draw in draws]
            ).backward()
            optimizers[1].step()
        optimizers[0].zero_grad()
        logits = discriminator(generator(next(latents)[run]))
        loss = plain_generator_loss(name, logits)
        loss.backward()
        optimizers[0].step()
    assert loss.item() == pytest.approx(cohort.losses[1][run].item(), abs=1e-4)
    for module, player in zip((generator, discriminator), PLAYERS, strict=True):
        state = getattr(cohort, player).state()
        for key, value in module.state_dict().items():
            torch.testing.assert_close(state[key][run].detach(), value, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", ["non-saturating", "wgan-gp"])
def test_a_run_that_breaks_leaves_the_others_bit_identical(make, name):
    healthy, broken = make(name, seeds=(0, 1, 2)), make(name, seeds=(0, 1, 2))
    advance(healthy, 1)
    advance(broken, 1)
    with torch.no_grad():
        for value in broken.discriminator.parameters.values():
            value[1] = float("nan")
    advance(healthy, 3)
    advance(broken, 3)
    assert broken.diverged_at.tolist() == [-1, 2, -1]
    assert healthy.diverged_at.tolist() == [-1, -1, -1]
    after = states(broken)
    for key, value in states(healthy).items():
        for run in (0, 2):
            assert torch.equal(value[run], after[key][run])
    assert not torch.isfinite(after["generator/0.weight"][1]).all()


def test_every_step_leaves_the_clipped_weights_in_their_bounds(make):
    cohort = make("wgan", clip=0.03)
    for _ in range(3):
        for value in cohort.discriminator.parameters.values():
            assert value.abs().max() <= 0.03 * (1 + 1e-6)
        advance(cohort, 1)
    assert any(value.abs().max() > 0.03 for value in cohort.generator.parameters.values())


def test_a_scratch_discriminator_trains_apart(make):
    cohort = advance(make("wgan-gp"), 2)
    before, moments = states(cohort), copy.deepcopy(cohort.discriminator_optimizer.state_dict())
    scratch = cohort.scratch_discriminator()
    real, fake = torch.ones(2, 8, 2), torch.zeros(2, 8, 2)
    scratch.discriminator_step(real, fake, cohort.draws("test")(0))
    assert all(torch.equal(value, before[key]) for key, value in states(cohort).items())
    after = cohort.discriminator_optimizer.state_dict()["state"]
    for index, entries in moments["state"].items():
        assert all(torch.equal(value, after[index][key]) for key, value in entries.items())
    # The difference of two means has no gradient in the last bias.
    for name, moved in scratch.discriminator.parameters.items():
        assert name == "last.bias" or not torch.equal(moved, before[f"discriminator/{name}"])


def test_penalised_critics_have_no_batch_normalisation(make):
    assert make("non-saturating", "dcgan").discriminator.mixes_samples
    assert not make("wgan-gp", "dcgan").discriminator.mixes_samples


def test_normalised_critics_see_real_and_fake_samples_apart(make):
    """Statistics over both together would tell the fake ones by their share of the batch."""
    cohort = make("non-saturating", "dcgan", seeds=(0,))
    generator = torch.Generator().manual_seed(0)
    real, fake, other = torch.randn(3, 1, 8, 1, 8, 8, generator=generator)
    first, _ = cohort.logits(real, fake)
    second, _ = cohort.logits(real, 5 + other)
    assert torch.equal(first, second)


def test_building_networks_leaves_global_randomness_alone(cells):
    nets, shape = cells["mlp"]
    before = torch.get_rng_state()
    stack = Stacked(lambda: nets.generator(shape), "generator", [0, 3], torch.device("cpu"))
    assert torch.equal(before, torch.get_rng_state())
    torch.manual_seed(5)
    alone = Stacked(lambda: nets.generator(shape), "generator", [3], torch.device("cpu"))
    for name, value in alone.parameters.items():
        assert torch.equal(value[0], stack.parameters[name][1])


@pytest.mark.parametrize("name", objectives.find())
def test_every_objective_trains_images(make, name):
    cohort = advance(make(name, "dcgan"), 2)
    assert cohort.diverged_at.tolist() == [-1, -1]
