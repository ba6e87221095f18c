"""Averages of logits and parameters, consistency, noise and features, by hand."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from bench.conformance.probe import Draws
from bench.objectives.base import Context


def seen(real, fake):
    return Context(torch.empty(0), torch.empty(0), Draws(), 0, real, fake)


@pytest.mark.parametrize("decay", [0.99, 0.5, 0.0])
def test_lecam_over_three_steps(create, decay):
    """Zero-debiased averages that have this step's logits in them."""
    technique = create("lecam", weight=0.7, decay=decay)
    technique = technique.with_state(technique.initial_state({"w": torch.ones(2, 3).double()}, {}))
    sums, rng = np.zeros(2), np.random.default_rng(0)
    for step in range(1, 4):
        logits = rng.normal(size=(2, 6)) + np.array([[step], [-2 * step]])
        real, fake = (torch.tensor(part, requires_grad=True) for part in logits)
        given = seen(real, fake)
        penalty = technique.penalty(None, given)
        sums = decay * sums + (1 - decay) * logits.mean(axis=1)
        alpha_real, alpha_fake = sums / (1 - decay**step)
        apart = logits[0] - alpha_fake, logits[1] - alpha_real
        expected = 0.7 * ((apart[0] ** 2).mean() + (apart[1] ** 2).mean())
        assert penalty.item() == pytest.approx(expected, rel=1e-5)
        # The averages are constants: the gradient is that of the squares alone.
        for value, difference in zip((real, fake), apart, strict=True):
            (gradient,) = torch.autograd.grad(penalty, value, retain_graph=True)
            np.testing.assert_allclose(gradient, 0.7 * 2 * difference / 6, rtol=1e-5)
        technique = technique.with_state(technique.after_discriminator_step(given))


def test_lecam_wants_one_logit_a_sample(create, objective):
    assert create("lecam").refusal(objective("non-saturating")) is None
    several = objective("mmd-gan")
    assert several.title in create("lecam").refusal(several)


SHAPES = ((2,), (1, 8, 8), (3, 6, 9))


@pytest.mark.parametrize("shape", SHAPES)
def test_a_constant_critic_is_consistent(create, context, shape):
    given = context(5, shape, real_logits=torch.full((5,), 3.0))
    technique = create("consistency", flip=True)
    assert technique.penalty(lambda x: torch.full((len(x),), 3.0), given).item() == 0


def test_consistency_is_a_mean_of_squares_at_real_samples(create, context):
    given = context(5, (2,))
    weight = torch.tensor([[0.5, 1.0], [-2.0, 0.3]])
    moved = 0.2 * Draws().normal(5, 2).numpy() @ weight.numpy()
    for columns in (slice(0, 2), 0):

        def critic(x, columns=columns):
            return (x @ weight)[:, columns]

        here = replace(given, real_logits=critic(given.real), noise=Draws())
        penalty = create("consistency", weight=4.0, noise=0.2).penalty(critic, here)
        expected = np.square(moved[:, columns].reshape(5, -1)).sum(axis=1).mean()
        assert penalty.item() == pytest.approx(4 * expected, rel=1e-5)


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("shift", [0, 1, 2])
@pytest.mark.parametrize("shape", SHAPES[1:])
def test_images_are_shifted_as_padding_and_cropping_does(create, context, shape, shift, flip):
    size = 30
    images = context(size, shape).real
    technique = create("consistency", shift=shift, flip=flip)
    noise, changed = Draws(), technique.change(images, Draws()).numpy()
    rows, columns = (
        np.floor((2 * shift + 1) * noise.uniform(size, 1).numpy()).astype(int)[:, 0]
        for _ in range(2)
    )
    mirrored = noise.uniform(size).numpy() < 0.5 if flip else np.zeros(size, dtype=bool)
    assert len(set(rows)) == len(set(columns)) == 2 * shift + 1
    height, width = shape[1:]
    for index, image in enumerate(images.numpy()):
        turned = image[..., ::-1] if mirrored[index] else image
        padded = np.pad(turned, [(0, 0), (shift, shift), (shift, shift)], "reflect")
        down, right = rows[index], columns[index]
        expected = padded[:, down : down + height, right : right + width]
        np.testing.assert_array_equal(changed[index], expected)


def test_a_shift_beyond_the_image_is_a_mistake(create, context):
    with pytest.raises(ValueError, match="shift is 8; it must be below the side"):
        create("consistency", shift=8).change(context(2, (1, 8, 8)).real, Draws())


@pytest.mark.parametrize(("step", "std"), [(0, 0.4), (25, 0.3), (50, 0.2), (100, 0), (300, 0)])
@pytest.mark.parametrize("shape", [(2,), (1, 8, 8)])
def test_instance_noise_fades_linearly(create, step, std, shape):
    samples = torch.ones(20000 // int(np.prod(shape)), *shape)
    noisy = create("instance-noise", std=0.4, anneal=100).view(samples, Draws(), step)
    added = (noisy - samples).numpy()
    assert added.shape == samples.shape
    assert added.std() == pytest.approx(std, rel=0.02)
    assert added.mean() == pytest.approx(0, abs=0.01)
    if std:
        assert len(np.unique(added)) > 0.99 * added.size * 0.9


def test_historical_averaging_is_a_loop_over_the_past(create, context):
    technique = create("historical-averaging", weight=0.6)
    rng = np.random.default_rng(0)
    shapes = {"w": (3, 2), "b": (3,)}

    def draw():
        return {name: rng.normal(size=shape) for name, shape in shapes.items()}

    def tensors(values):
        return {name: torch.from_numpy(value) for name, value in values.items()}

    start = [draw(), draw()]
    technique = technique.with_state(technique.initial_state(*map(tensors, start)))
    pasts = {"discriminator": [], "generator": []}
    moments = {
        "discriminator": ("penalty", "after_discriminator_step"),
        "generator": ("generator_penalty", "after_generator_step"),
    }
    # The players do not step equally often, and a step of one does not move the other's mean.
    for player in ("discriminator", "discriminator", "generator", "discriminator", "generator"):
        past = pasts[player]
        first = start[list(pasts).index(player)]
        now = draw() if past else first
        given = context(4, parameters=tensors(now))
        penalty, after = moments[player]
        expected = 0.0
        if past:
            for name in shapes:
                mean = np.mean([values[name] for values in past], axis=0)
                expected += 0.6 * np.square(now[name] - mean).sum()
        assert getattr(technique, penalty)(None, given).item() == pytest.approx(expected)
        technique = technique.with_state(getattr(technique, after)(given))
        past.append(now)


def test_features_are_matched_in_the_mean(create, context):
    class Critic:
        def features(self, samples):
            return torch.stack([samples[:, 0], samples.prod(dim=1), samples[:, 1] ** 2], dim=1)

    given = context(6, dtype=torch.float64)
    given = replace(given, fake=given.fake.requires_grad_())
    asked = []
    loss = create("feature-matching").generator_loss(lambda: asked.append(1), Critic(), given)
    real, fake = given.real.numpy(), given.fake.detach().numpy()

    def mean(x):
        return np.array([x[:, 0].mean(), (x[:, 0] * x[:, 1]).mean(), (x[:, 1] ** 2).mean()])

    gap = mean(fake) - mean(real)
    assert loss.item() == pytest.approx(np.square(gap).sum())
    assert not asked
    (gradient,) = torch.autograd.grad(loss, given.fake)
    expected = 2 / 6 * np.stack([gap[0] + gap[1] * fake[:, 1]], axis=1)
    np.testing.assert_allclose(gradient[:, :1], expected, rtol=1e-9)


def test_clipping_bounds_every_parameter_and_leaves_the_rest(create):
    parameters = {"a.weight": torch.tensor([[-3.0, 0.004]]), "a.bias": torch.tensor([0.02])}
    clipped = create("weight-clipping").constrain(parameters)
    assert torch.equal(clipped["a.weight"], torch.tensor([[-0.01, 0.004]]))
    assert torch.equal(clipped["a.bias"], torch.tensor([0.01]))


def test_what_is_asked_of_networks_and_engine(create):
    def asked(name, **settings):
        needs, plain = create(name, **settings).needs(), create("r1").needs()
        names = vars(plain)
        return {key: getattr(needs, key) for key in names if getattr(needs, key) != names[key]}

    assert asked("packing", size=3) == {"packing": 3}
    assert asked("packing", size=1) == {}
    assert asked("minibatch-discrimination") == {"minibatch": "discrimination"}
    assert asked("minibatch-stddev") == {"minibatch": "stddev"}
    assert asked("virtual-batch-norm") == {"reference_batch": 64}
    assert asked("unrolled", steps=4) == {"unrolled_steps": 4}
    assert asked("unrolled", steps=0) == {}
    assert asked("generator-average") == {"generator_average": 0.999}
    assert asked("class-labels") == {"labels": True}


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("weight-clipping", {"clip": 0.0}, "clip is 0.0; it must be above 0"),
        ("lecam", {"decay": 1.0}, "decay is 1.0; it must be at least 0 and below 1"),
        ("lecam", {"weight": -1.0}, "weight is -1.0"),
        ("consistency", {"shift": -1}, "shift is -1; it must not be negative"),
        ("consistency", {"noise": -1.0}, "noise is -1.0; it must not be negative"),
        ("instance-noise", {"std": -1.0}, "std is -1.0; it must not be negative"),
        ("instance-noise", {"anneal": 0}, "anneal is 0; it must be at least 1"),
        ("historical-averaging", {"weight": -1.0}, "weight is -1.0; it must not be negative"),
        ("packing", {"size": 0}, "size is 0; a pack has at least 1 sample"),
        ("virtual-batch-norm", {"size": 1}, "size is 1; a reference batch has at least 2"),
        ("unrolled", {"steps": -1}, "steps is -1; it must not be negative"),
        ("generator-average", {"decay": 1.0}, "decay is 1.0; it must be above 0 and below 1"),
        ("generator-average", {"decay": 0.0}, "decay is 0.0; it must be above 0 and below 1"),
    ],
)
def test_settings_out_of_range(create, name, settings, message):
    with pytest.raises(ValueError, match=message):
        create(name, **settings)
