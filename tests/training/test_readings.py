"""What the loss says at a snapshot, against plain single-model PyTorch and known truths."""

import copy

import numpy as np
import pytest
import torch

from bench import store
from bench.architectures.base import Form
from bench.architectures.dcgan import DCGAN
from bench.datasets.base import Images
from bench.objectives.wgan_gp import WGANGP
from bench.optimizers import adam
from bench.records import ONLINE, REFRESHED
from bench.training.cohort import Cohort
from bench.training.data import to_unit
from bench.training.readings import Readings
from bench.training.recipe import Recipe

BATCH = 8


class Spy(Cohort):
    """A cohort that keeps, by method, what it is given; its scratch copies keep it here too."""

    def __init__(self, *arguments):
        self.given = {}
        super().__init__(*arguments)

    def _generated(self, generator, latent, labels):
        made = super()._generated(generator, latent, labels)
        self.given.setdefault("generate", []).append((latent, made))
        return made

    def logits(self, *given):
        self.given.setdefault("logits", []).append(given[:2])
        return super().logits(*given)

    def discriminator_step(self, *given):
        self.given.setdefault("discriminator_step", []).append(given)
        return super().discriminator_step(*given)

    def discriminator_losses(self, *given):
        self.given["discriminator_losses"] = given[:3]
        return super().discriminator_losses(*given)

    def _generator_round(self, *given):
        self.given["generator_losses"] = given[:2]
        return super()._generator_round(*given)


@pytest.fixture
def trained(make):
    """Make a cohort after some steps, so that its running statistics are not the initial ones."""

    def trained(*arguments, steps=2, **others):
        cohort = make(*arguments, kind=Spy, batch=BATCH, **others)
        for _ in range(steps):
            cohort.advance()
        cohort.given.clear()
        return cohort

    return trained


def reader(cohort, architecture="mlp", count=3, refresh_steps=4):
    data = store.shipped("ring8" if architecture == "mlp" else "digits")
    return Readings(cohort, data, count, refresh_steps)


def values(measured):
    return {entry.metric: entry.value for entry in measured}


def module(cohort, architecture, player, run):
    """Return the ordinary network of one run in evaluation mode, with its weights."""
    nets, shape = architecture
    form = Form(batch_norm=not cohort.game.objective.per_sample_gradient)
    network = (
        nets.generator(shape) if player == "generator" else nets.discriminator(shape, form)
    ).eval()
    state = getattr(cohort, player).state()
    network.load_state_dict({name: value[run].clone() for name, value in state.items()})
    return network


def everything(cohort):
    """Return copies of all that training goes on from."""
    content = {"step": cohort.step, "diverged_at": cohort.diverged_at.tolist()}
    for player in ("generator", "discriminator"):
        for name, value in getattr(cohort, player).state().items():
            content[f"{player}/{name}"] = value.detach().clone()
        optimizer = getattr(cohort, f"{player}_optimizer").state_dict()["state"]
        content[f"{player} moments"] = copy.deepcopy(optimizer)
    return content


def assert_identical(first, second):
    torch.testing.assert_close(first, second, rtol=0, atol=0)


class Ratio(WGANGP):
    """An objective whose estimate on all batches is far from the mean over them."""

    def estimate(self, real, fake):
        return real.var() / fake.var()


@pytest.mark.parametrize("name", ["non-saturating", "wgan-gp", "rpgan-r1-r2", Ratio()])
@pytest.mark.parametrize("architecture", ["mlp", "dcgan"])
def test_the_estimate_is_the_objectives_own_on_all_held_out_logits(
    trained, cells, architecture, name
):
    cohort = trained(name, architecture)
    measured = reader(cohort, architecture).online()
    for run in range(2):
        critic = module(cohort, cells[architecture], "discriminator", run)
        with torch.no_grad():
            pairs = [
                (critic(real[run]), critic(fake[run])) for real, fake in cohort.given["logits"]
            ]
        assert len(pairs) == 3
        logits = [torch.cat(part) for part in zip(*pairs, strict=True)]
        found = values(measured[run])
        estimate = cohort.game.objective.estimate(*logits).item()
        assert found["estimate"] == pytest.approx(estimate, rel=1e-3, abs=1e-6)
        assert found["logit_real"] == pytest.approx(logits[0].mean().item(), rel=1e-4, abs=1e-6)
        assert found["logit_fake"] == pytest.approx(logits[1].mean().item(), rel=1e-4, abs=1e-6)


def test_gap_over_slope_is_the_gap_over_the_mean_gradient_norm(trained, cells):
    cohort = trained("non-saturating", steps=30)
    measured = reader(cohort).online()
    weights = cohort.streams.uniform("reading-weight", BATCH, 1)
    for run in range(2):
        critic = module(cohort, cells["mlp"], "discriminator", run)
        norms, gaps = [], []
        for index, (real, fake) in enumerate(cohort.given["logits"]):
            weight = weights(index)[run]
            for position in range(BATCH):
                share = weight[position]
                point = (1 - share) * real[run, position] + share * fake[run, position]
                point.requires_grad_()
                critic(point[None]).sum().backward()
                norms.append(point.grad.norm().item())
            gaps.append((critic(real[run]).mean() - critic(fake[run]).mean()).item())
        assert np.std(norms) > 1e-3
        found = values(measured[run])
        assert found["critic_slope"] == pytest.approx(np.mean(norms), rel=1e-4)
        assert found["gap_over_slope"] == pytest.approx(np.mean(gaps) / np.mean(norms), rel=1e-4)


def test_a_critic_that_mixes_samples_has_no_slope(trained):
    slopes = {"critic_slope", "gap_over_slope"}
    for name, present in (("non-saturating", False), ("wgan-gp", True)):
        readings = reader(trained(name, "dcgan"), "dcgan")
        for measured in (*readings.online(), *readings.refreshed(0)):
            assert slopes & values(measured).keys() == (slopes if present else set())


def norm(loss, network):
    network.zero_grad()
    loss.backward()
    return torch.cat([value.grad.flatten() for value in network.parameters()]).norm().item()


def penalised(critic, real, fake, draws):
    """Return WGAN-GP's critic loss as its paper writes it, λ = 10."""
    points = (draws[0] * fake + (1 - draws[0]) * real).requires_grad_()
    (slope,) = torch.autograd.grad(critic(points).sum(), points, create_graph=True)
    penalty = (slope.flatten(1).norm(dim=1) - 1).square().mean()
    return critic(fake).mean() - critic(real).mean() + 10 * penalty


@pytest.mark.parametrize("run", [0, 1])
@pytest.mark.parametrize("architecture", ["mlp", "dcgan"])
def test_losses_and_gradient_norms_are_those_of_a_plain_model(trained, cells, architecture, run):
    """The penalty included, on fakes of the generator in evaluation mode."""
    cohort = trained("wgan-gp", architecture, steps=4)
    found = values(reader(cohort, architecture).online()[run])
    critic = module(cohort, cells[architecture], "discriminator", run)
    generator = module(cohort, cells[architecture], "generator", run)
    real, _, draws = cohort.given["discriminator_losses"]
    latent = cohort.given["generator_losses"][1][run]
    fake = generator(latent)
    loss = penalised(critic, real[run], fake.detach(), [draw[run] for draw in draws])
    assert found["loss_discriminator"] == pytest.approx(loss.item(), rel=1e-4)
    assert found["grad_norm_discriminator"] == pytest.approx(norm(loss, critic), rel=1e-3)
    loss = -critic(fake).mean()
    assert found["loss_generator"] == pytest.approx(loss.item(), rel=1e-4)
    assert found["grad_norm_generator"] == pytest.approx(norm(loss, generator), rel=1e-3)


@pytest.mark.parametrize("run", [0, 1])
def test_fakes_come_from_the_generator_in_evaluation_mode(trained, cells, run):
    cohort = trained("non-saturating", "dcgan")
    readings = reader(cohort, "dcgan")
    generator = module(cohort, cells["dcgan"], "generator", run)
    for read in (readings.online, lambda: readings.refreshed(0)):
        cohort.generator.train()
        cohort.given.clear()
        read()
        for latent, made in cohort.given["generate"]:
            torch.testing.assert_close(
                made[run], generator(latent[run]).detach(), rtol=1e-4, atol=1e-5
            )
        read_on = torch.cat([fake[run] for _, fake in cohort.given["logits"]])
        assert len(read_on.unique(dim=0)) == 3 * BATCH


@pytest.mark.parametrize("name", ["non-saturating", "wgan", "wgan-gp"])
@pytest.mark.parametrize("architecture", ["mlp", "dcgan"])
def test_reading_changes_nothing_in_the_cohort(trained, architecture, name):
    read, twin = trained(name, architecture), trained(name, architecture)
    readings = reader(read, architecture)
    before = everything(read)
    readings.online()
    readings.refreshed(0)
    readings.refreshed(1)
    assert_identical(everything(read), before)
    # What comes next is also the same: batches, noise, the mode of the normalisation layers.
    for cohort in (read, twin):
        cohort.given.clear()
        cohort.advance()
        cohort.advance()
    for method in ("generate", "discriminator_step", "generator_losses"):
        assert_identical(read.given[method], twin.given[method])
    assert_identical(everything(read), everything(twin))


def test_readings_repeat_themselves(trained):
    cohort = trained("wgan-gp")
    readings = reader(cohort)
    assert readings.online() == readings.online()
    assert readings.refreshed(1) == readings.refreshed(1) == reader(cohort).refreshed(1)
    assert readings.refreshed(0) != readings.refreshed(1)


def test_each_refresh_trains_on_batches_of_its_own(trained):
    cohort = trained("wgan-gp")
    readings = reader(cohort, refresh_steps=5)
    readings.refreshed(0)
    readings.refreshed(1)
    steps = cohort.given["discriminator_step"]
    assert len(steps) == 10
    for position in range(3):
        seen = [step[position][0] if position == 2 else step[position] for step in steps]
        rows = torch.stack(seen).flatten(start_dim=2).flatten(end_dim=1)
        assert len(rows.unique(dim=0)) == len(rows)


def test_readings_share_no_points_with_training(trained):
    cohort = trained("wgan-gp", steps=0)
    for _ in range(20):
        cohort.advance()
    trained_on = [given[0] for given in cohort.given["discriminator_step"]]
    cohort.given.clear()
    readings = reader(cohort, count=20)
    readings.online()
    read = [real for real, _ in cohort.given["logits"]]
    readings.refreshed(0)
    refreshed_on = [given[0] for given in cohort.given["discriminator_step"]]
    points = torch.stack([*trained_on, *read, *refreshed_on]).reshape(-1, 2)
    assert len(points.unique(dim=0)) == len(points)


@pytest.fixture
def constant():
    """Images whose split shows: noise to train on, one grey to read on, nothing to test on."""
    noise = np.random.default_rng(0).integers(0, 256, (50, 1, 8, 8), np.uint8)
    nothing = np.zeros((50, 1, 8, 8), np.uint8)
    labels = np.zeros(50, np.int64)
    grey = np.full((40, 1, 8, 8), 160, np.uint8)
    splits = {"train": (noise, labels), "validation": (grey, labels[:40])}
    return Images.of("constant", {**splits, "test": (nothing, labels)})


def test_real_images_are_held_out_and_refreshing_ones_are_not(constant):
    settings = adam(1e-3, 0.5, 0.9)
    nets, recipe = DCGAN(latent=5, width=4), Recipe(BATCH, 10, 1, settings, settings)
    cohort = Spy(WGANGP(), nets, constant, recipe, (0, 3), torch.device("cpu"))
    cohort.advance()
    readings = Readings(cohort, constant, 2, 3)
    grey = to_unit(torch.from_numpy(constant.pixels["validation"][:1]))
    cohort.given.clear()
    for run, measured in enumerate(readings.online()):
        critic = module(cohort, (nets, constant.shape), "discriminator", run)
        logit = critic(grey).item()
        assert values(measured)["logit_real"] == pytest.approx(logit, rel=1e-4, abs=1e-7)
    assert "discriminator_step" not in cohort.given
    for real in (cohort.given["discriminator_losses"][0], cohort.given["generator_losses"][0]):
        assert torch.equal(real, grey.expand_as(real))
    readings.refreshed(0)
    for real, _ in cohort.given["logits"]:
        assert torch.equal(real, grey.expand_as(real))
    train = to_unit(torch.from_numpy(constant.pixels["train"]))
    members = {image.numpy().tobytes() for image in train}
    for real, *_ in cohort.given["discriminator_step"]:
        assert {image.tobytes() for image in real.flatten(end_dim=1).numpy()} <= members


def test_refreshing_brings_the_estimate_near_the_truth(make):
    """A frozen generator, far away, that makes one point: W₁ is the mean distance to it."""
    cohort = make("wgan-gp", batch=64)
    where = torch.tensor([[3.0, 0.0], [0.0, -6.0]])
    with torch.no_grad():
        weight, bias = list(cohort.generator.parameters.values())[-2:]
        weight.zero_()
        bias.copy_(where)
    data = store.shipped("ring8")
    readings = Readings(cohort, data, 4, 300)
    real = data.stratified(4000, np.random.default_rng(0))
    for point, first, second in zip(where, readings.online(), readings.refreshed(0), strict=True):
        online, refreshed = values(first), values(second)
        truth = np.linalg.norm(real - point.numpy(), axis=1).mean()
        assert online["estimate"] < 0.5 * truth
        assert refreshed["estimate"] == pytest.approx(truth, rel=0.1)
        assert refreshed["gap_over_slope"] == pytest.approx(truth, rel=0.1)


def test_readings_say_which_critic_they_are_of(trained):
    readings = reader(trained("wgan-gp", seeds=(0, 1, 2)))
    for measured, protocol in ((readings.online(), ONLINE), (readings.refreshed(0), REFRESHED)):
        assert len(measured) == 3
        assert {entry.protocol for run in measured for entry in run} == {protocol}
