"""Which objectives and techniques make a game, and what is said about those that do not."""

from dataclasses import dataclass

import pytest

from bench import objectives, techniques
from bench.components import Needs
from bench.game import Game
from bench.plugins import ConflictError
from bench.techniques.base import Technique


def game(objective, **settings):
    """Make a game of techniques by name with underscores; True or a mapping of settings."""
    found = {**objectives.find(), **techniques.find()}
    chosen = {name.replace("_", "-"): own for name, own in settings.items()}
    return Game.make(found, objective, {}, {k: {} if v is True else v for k, v in chosen.items()})


def both(*names):
    return dict.fromkeys(names, True)


CONFLICTS = [
    ("non-saturating", ("weight_clipping", "gradient_penalty"), "keep the critic's slope far"),
    ("non-saturating", ("weight_clipping", "dragan_penalty"), "keep the critic's slope far"),
    ("non-saturating", ("weight_clipping", "one_sided_gradient_penalty"), "does nothing"),
    ("non-saturating", ("weight_clipping", "spectral_norm"), "clipping them changes nothing"),
    ("non-saturating", ("gradient_penalty", "r1"), "one pulls the critic's slope to 1"),
    ("non-saturating", ("gradient_penalty", "r2"), "one pulls the critic's slope to 1"),
    ("non-saturating", ("zero_centred_gradient_penalty", "gradient_penalty"), "the other to 0"),
    ("non-saturating", ("dragan_penalty", "r1"), "the other to 0"),
    ("non-saturating", ("gradient_penalty", "one_sided_gradient_penalty"), "one of them is enough"),
    ("non-saturating", ("gradient_penalty", "dragan_penalty"), "one of them is enough"),
    ("non-saturating", ("minibatch_stddev", "gradient_penalty"), "each single sample"),
    ("non-saturating", ("minibatch_discrimination", "r1"), "each single sample"),
    ("non-saturating", ("minibatch_stddev", "minibatch_discrimination"), "asks for minibatch"),
]


@pytest.mark.parametrize(("objective", "names", "reason"), CONFLICTS)
@pytest.mark.parametrize("turned", [False, True])
def test_two_techniques_that_exclude_one_another(objective, names, reason, turned):
    """In either order, with both names in the message."""
    with pytest.raises(ConflictError, match=reason) as caught:
        game(objective, **both(*(names[::-1] if turned else names)))
    assert all(name.replace("_", "-") in str(caught.value) for name in names)
    assert "\n" not in str(caught.value)


WITH_OBJECTIVES = [
    ("wgan", "gradient_penalty", "keep the critic's slope far"),
    ("wgan", "weight_clipping", "clipped twice"),
    ("wgan", "spectral_norm", "clipping them changes nothing"),
    ("wgan-sn", "spectral_norm", "normalised twice"),
    ("wgan-sn", "weight_clipping", "clipping them changes nothing"),
    ("wgan-gp", "weight_clipping", "keep the critic's slope far"),
    ("wgan-gp", "gradient_penalty", "one of them is enough"),
    ("wgan-gp", "one_sided_gradient_penalty", "one of them is enough"),
    ("wgan-gp", "r1", "the other to 0"),
    ("wgan-gp", "minibatch_stddev", "each single sample"),
    ("rpgan-r1-r2", "gradient_penalty", "the other to 0"),
    ("rpgan-r1-r2", "minibatch_discrimination", "each single sample"),
    ("wgan", "label_smoothing", "no labels that could be smoothed"),
    ("wgan-gp", "label_noise", "no labels that could be wrong"),
    ("rpgan", "label_smoothing", "no labels that could be smoothed"),
    ("mmd-gan", "lecam", "several a sample"),
    ("mmd-gan", "r1", "has several"),
    ("mmd-gan", "class_labels", "has several outputs"),
    ("ebgan", "class_labels", "is an autoencoder"),
    ("ebgan", "minibatch_stddev", "is an autoencoder"),
]


@pytest.mark.parametrize(("objective", "name", "reason"), WITH_OBJECTIVES)
def test_a_technique_that_an_objective_excludes(objective, name, reason):
    with pytest.raises(ConflictError, match=reason) as caught:
        game(objective, **{name: True})
    title = objectives.create(objectives.find()[objective], {}).title
    message = str(caught.value)
    assert title in message
    assert name.replace("_", "-") in message or "class labels" in message or "minibatch" in message


def test_a_pack_has_no_one_class():
    with pytest.raises(ConflictError, match="class labels and packing exclude one another"):
        game("non-saturating", packing=True, class_labels=True)
    assert game("non-saturating", packing={"size": 1}, class_labels=True).needs.labels


def test_two_sizes_of_packs():
    with pytest.raises(ConflictError, match="asks for packing 2 and packing for 3"):
        game("pacgan", packing={"size": 3})
    assert game("pacgan", packing={"size": 2}).needs.packing == 2


ALLOWED = [
    ("non-saturating", ("r1", "r2")),
    ("non-saturating", ("gradient_penalty", "spectral_norm")),
    ("non-saturating", ("r1", "spectral_norm", "lecam")),
    ("non-saturating", ("weight_clipping", "r1")),
    ("non-saturating", ("virtual_batch_norm", "gradient_penalty")),
    ("non-saturating", ("minibatch_stddev", "spectral_norm", "label_smoothing")),
    ("hinge", ("spectral_norm", "class_labels", "generator_average", "consistency")),
    ("wgan-gp", ("packing", "unrolled", "spectral_norm", "instance_noise")),
    ("least-squares", ("label_noise", "label_smoothing", "historical_averaging")),
    ("rpgan-r1-r2", ("r1", "feature_matching")),
]


@pytest.mark.parametrize(("objective", "names"), ALLOWED)
def test_what_goes_together(objective, names):
    made = game(objective, **both(*names))
    assert list(made.techniques) == [name.replace("_", "-") for name in names]


def test_a_game_needs_what_its_parts_need():
    made = game("pacgan", unrolled={"steps": 3}, generator_average=True, minibatch_stddev=True)
    expected = Needs(minibatch="stddev", packing=2, unrolled_steps=3, generator_average=0.999)
    assert made.needs == expected


@pytest.mark.parametrize(
    ("objective", "names", "single"),
    [
        ("non-saturating", (), False),
        ("non-saturating", ("spectral_norm",), False),
        ("non-saturating", ("lecam", "r1"), True),
        ("wgan-gp", ("lecam",), True),
    ],
)
def test_one_part_is_enough_to_keep_samples_apart(objective, names, single):
    assert game(objective, **both(*names)).per_sample_gradient is single


def attempt(objective, name):
    """Return a game, or why it is none."""
    try:
        return game(objective, **{name: True})
    except ConflictError as error:
        return str(error)


@pytest.mark.parametrize("objective", objectives.find())
def test_every_pair_makes_a_game_or_says_why_not(objective):
    """In one line, and without a traceback."""
    for name in techniques.find():
        made = attempt(objective, name)
        assert isinstance(made, Game) or (len(made) > 20 and "\n" not in made)


@pytest.mark.parametrize("name", techniques.find())
def test_a_technique_names_itself_and_its_paper(name):
    kind = techniques.load(techniques.find()[name])
    assert issubclass(kind, Technique)
    assert kind.title
    assert any(str(year) in kind.reference for year in range(2014, 2027))


def test_a_refusal_names_the_technique():
    @dataclass(frozen=True)
    class Never(Technique):
        title, reference = "Never", "Nobody 2026"

        def refusal(self, objective):
            return "it never fits"

    made = game("hinge")
    with pytest.raises(ConflictError, match="mine: it never fits"):
        Game(made.objective, {"mine": Never()})
