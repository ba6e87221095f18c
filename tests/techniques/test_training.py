"""Every technique through the engine: it trains, keeps to its seed, and resumes."""

import numpy as np
import pytest
import torch

from bench import techniques
from bench.optimizers import adam
from bench.training import checkpoint

SETTINGS = {
    "packing": {"size": 3},
    "unrolled": {"steps": 2},
    "virtual-batch-norm": {"size": 5},
    "instance-noise": {"anneal": 4},
    "generator-average": {"decay": 0.3},
    "label-smoothing": {"fake": 0.1},
    "label-noise": {"probability": 0.3},
    "gradient-penalty": {"every": 2},
    "spectral-norm": {},
}
FITTING = [
    (name, architecture)
    for name in techniques.find()
    for architecture in ("mlp", "dcgan")
    if (name, architecture) != ("virtual-batch-norm", "mlp")
]
REMEMBERING = ("spectral-norm", "lecam", "historical-averaging")


def game(name):
    return {name: SETTINGS.get(name, {})}


def advance(cohort, steps):
    for _ in range(steps):
        cohort.advance()
    return cohort


def everything(cohort):
    """Return copies of all that training changes."""
    named = {"generator": cohort.generator.state(), "discriminator": cohort.discriminator.state()}
    named |= {f"state {index}": state for index, state in enumerate(cohort.states)}
    if cohort.average is not None:
        named["average"] = cohort.average.state()
    return {
        f"{owner}: {key}": value.detach().clone()
        for owner, tensors in named.items()
        for key, value in tensors.items()
    }


def assert_equal(first, second):
    assert first.keys() == second.keys()
    for name, value in first.items():
        assert torch.equal(value, second[name]), name


@pytest.mark.parametrize(("name", "architecture"), FITTING)
def test_it_trains(make, name, architecture):
    cohort = make(game(name), architecture)
    before = everything(cohort)
    advance(cohort, 3)
    after = everything(cohort)
    assert cohort.diverged_at.tolist() == [-1, -1]
    assert all(torch.isfinite(value).all() for value in after.values())
    for player in ("generator", "discriminator"):
        moved = [k for k in before if k.startswith(player) and not torch.equal(before[k], after[k])]
        assert moved
    remembered = [key for key in before if key.startswith("state 1")]
    assert bool(remembered) == (name in REMEMBERING)
    for key in remembered:
        # The singular vector of a matrix of one row is the number ±1.
        single = name == "spectral-norm" and before[key].shape[1] == 1
        assert single or not torch.equal(before[key], after[key]), key


@pytest.mark.parametrize(("name", "architecture"), FITTING)
def test_a_seed_alone_is_the_same_seed_in_a_cohort(make, name, architecture):
    together = everything(advance(make(game(name), architecture, (4, 1)), 3))
    for run, seed in enumerate((4, 1)):
        alone = everything(advance(make(game(name), architecture, (seed,)), 3))
        for key, value in alone.items():
            torch.testing.assert_close(value[0], together[key][run], rtol=1e-4, atol=2e-5)


@pytest.mark.parametrize(
    ("name", "architecture"),
    [
        *((name, "mlp") for name in (*REMEMBERING, "generator-average", "instance-noise")),
        *((name, "dcgan") for name in ("spectral-norm", "virtual-batch-norm", "generator-average")),
    ],
)
def test_a_resumed_run_is_bit_identical(make, tmp_path, name, architecture):
    path = tmp_path / "checkpoint.safetensors"
    whole = advance(make(game(name), architecture), 2)
    checkpoint.save(path, whole, checkpoint.Progress([], {}), "this")
    resumed = make(game(name), architecture)
    assert checkpoint.restore(path, resumed, "this") is not None
    assert_equal(everything(advance(whole, 3)), everything(advance(resumed, 3)))
    latent = torch.ones(2, 4, whole.architecture.latent)
    assert torch.equal(whole.sample(latent), resumed.sample(latent))


@pytest.mark.parametrize("architecture", ["mlp", "dcgan"])
@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("packing", {"size": 1}),
        ("unrolled", {"steps": 0}),
        ("label-smoothing", {"real": 1.0}),
        ("label-noise", {"probability": 0.0}),
        ("instance-noise", {"std": 0.0}),
        ("lecam", {"weight": 0.0}),
        ("historical-averaging", {"weight": 0.0}),
    ],
)
def test_nothing_asked_is_nothing_changed(make, name, settings, architecture):
    plain, other = make({}, architecture), make({name: settings}, architecture)
    advance(plain, 3)
    advance(other, 3)
    changed = everything(other)
    for key, value in everything(plain).items():
        assert torch.equal(value, changed[key]), key


@pytest.mark.parametrize("architecture", ["mlp", "dcgan"])
def test_a_normalised_discriminator_has_spectral_norms_of_one(make, architecture):
    # Adam's usual first steps change DCGAN's small weights faster than one power iteration a step
    # can follow.
    slow = adam(1e-5, 0.5, 0.9)
    cohort = advance(make({"spectral-norm": {}}, architecture, optimizers=(slow, slow)), 4)
    raw = cohort.discriminator.parameters
    for run in (0, 1):
        weights = cohort.rounds.effective(
            {name: value[run] for name, value in raw.items()},
            tuple({name: value[run] for name, value in state.items()} for state in cohort.states),
        )
        for name, value in weights.items():
            if value.ndim > 1:
                values = np.linalg.svd(value.detach().numpy().reshape(len(value), -1))[1]
                assert values[0] == pytest.approx(1, rel=0.02), name


def test_clipped_weights_stay_in_their_bounds(make):
    cohort = make({"weight-clipping": {"clip": 0.03}})
    for _ in range(3):
        for value in cohort.discriminator.parameters.values():
            assert value.abs().max() <= 0.03 * (1 + 1e-6)
        advance(cohort, 1)
    assert any(value.abs().max() > 0.03 for value in cohort.generator.parameters.values())


@pytest.mark.parametrize("architecture", ["mlp", "dcgan"])
def test_packs_are_samples_side_by_side(make, cells, architecture):
    """The discriminator's first layer has a place for each sample of a pack."""
    cohort = make({"packing": {"size": 3}}, architecture)
    samples = torch.arange(2.0 * 6).reshape(2, 6, *[1] * len(cells[architecture]))
    samples = samples.expand(2, 6, *cells[architecture])
    packs = cohort.rounds.pack(samples[1])
    channels = cells[architecture][0]
    assert packs.shape == (2, 3 * channels, *cells[architecture][1:])
    rows = packs.reshape(2, 3, -1)
    assert rows[:, :, 0].tolist() == [[6, 7, 8], [9, 10, 11]]
    assert (rows == rows[:, :, :1]).all()


def test_matched_features_teach_the_generator_alone(make):
    cohort = advance(make({"feature-matching": {}}), 1)
    generator = torch.Generator().manual_seed(0)
    real, latent = torch.randn(2, 2, 8, 2, generator=generator)
    losses = cohort.generator_losses(real, latent)
    parameters = [*cohort.generator.parameters.values(), *cohort.discriminator.parameters.values()]
    gradients = torch.autograd.grad(losses.sum(), parameters, allow_unused=True)
    players = len(cohort.generator.parameters)
    assert all(gradient is not None and gradient.any() for gradient in gradients[:players])
    assert all(gradient is None for gradient in gradients[players:])


@pytest.mark.parametrize("architecture", ["mlp", "dcgan"])
def test_averaged_generators_are_a_loop(make, architecture):
    """θ̄ ← β·θ̄ + (1 − β)·θ with β at most (1 + t)/(10 + t), running statistics included."""
    cohort = make({"generator-average": {"decay": 0.2}}, architecture)
    mean = {key: value.detach().numpy().copy() for key, value in cohort.generator.state().items()}
    for step in range(5):
        advance(cohort, 1)
        decay = min(0.2, (1 + step) / (10 + step))
        for key, value in cohort.generator.state().items():
            now = value.detach().numpy()
            counts = not value.is_floating_point()
            mean[key] = now.copy() if counts else decay * mean[key] + (1 - decay) * now
    for key, value in cohort.average.state().items():
        np.testing.assert_allclose(value.detach().numpy(), mean[key], rtol=1e-5, atol=1e-6)
    latent = torch.ones(2, 4, cohort.architecture.latent)
    samples = cohort.sample(latent)
    cohort.average = None
    assert not torch.equal(samples, cohort.sample(latent))


def test_averaging_leaves_training_alone(make):
    plain, averaged = advance(make({}), 3), advance(make({"generator-average": {}}), 3)
    after = everything(averaged)
    assert all(torch.equal(value, after[key]) for key, value in everything(plain).items())


@pytest.mark.parametrize("architecture", ["mlp", "dcgan"])
def test_both_players_are_told_the_labels(make, architecture, cells):
    cohort = advance(make({"class-labels": {}}, architecture), 2)
    generator = torch.Generator().manual_seed(0)
    samples = torch.randn(2, 8, *cells[architecture], generator=generator)
    latent = torch.randn(2, 8, cohort.architecture.latent, generator=generator)
    zeros, ones = torch.zeros(2, 8, dtype=torch.int64), torch.ones(2, 8, dtype=torch.int64)
    cohort.train(False)
    for labels in (zeros, ones):
        first, second = cohort.logits(samples, samples, (), (labels,))
        torch.testing.assert_close(first, second)
    told = [cohort.logits(samples, samples, (), (labels,))[0] for labels in (zeros, ones)]
    assert (told[0] != told[1]).all()
    made = [cohort.sample(latent, (labels,)) for labels in (zeros, ones)]
    assert not torch.equal(*made)
    # A label is for its own sample.
    mixed = torch.cat([zeros[:, :4], ones[:, 4:]], dim=1)
    logits, _ = cohort.logits(samples, samples, (), (mixed,))
    torch.testing.assert_close(logits[:, :4], told[0][:, :4], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(logits[:, 4:], told[1][:, 4:], rtol=1e-4, atol=1e-5)


def test_noise_is_on_what_either_player_sees(make):
    """With σ = 5 the logits differ from those at the samples themselves; later they do not."""
    cohort = make({"instance-noise": {"std": 5.0, "anneal": 2}})
    samples, draws = torch.ones(2, 8, 2), cohort.draws("test")(0)
    plain = make({}).logits(samples, samples)
    noisy = cohort.logits(samples, samples, draws)
    assert all((one != other).all() for one, other in zip(plain, noisy, strict=True))
    assert (noisy[0] != noisy[1]).all()
    cohort.step = 2
    for one, other in zip(plain, cohort.logits(samples, samples, draws), strict=True):
        torch.testing.assert_close(one, other)
