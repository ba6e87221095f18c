"""Discriminators trained between known distributions."""

import numpy as np
import pytest
import torch

from bench import objectives
from bench.calibration.fit import Settings, fit
from bench.calibration.pairs import PAIRS
from bench.calibration.samplers import Sampler
from bench.game import Game
from bench.training.streams import Streams

CPU = torch.device("cpu")
SETTINGS = Settings(steps=300, batch_size=256, width=32, depth=2, learning_rate=0.01, seed=0)


def game(name, **hyperparameters):
    return Game(objectives.create(objectives.find()[name], hyperparameters))


@pytest.fixture(scope="module")
def shifted():
    """Two pairs of one dimension, fitted by the minimax GAN's discriminator."""
    pairs = [PAIRS["shift-1d"], PAIRS["weights-1d"]]
    return pairs, fit(game("minimax"), pairs, SETTINGS, CPU, 41)


def test_samples_are_those_of_each_density():
    densities = [PAIRS[name].p for name in ("weights-2d", "rotated-2d", "shift-bounded-2d")]
    samples = Sampler(densities, "test", 60_000, Streams((0, 1, 2), CPU))(0)
    assert samples.shape == (3, 60_000, 2)
    for density, mine in zip(densities, samples.double().numpy(), strict=True):
        scale = np.sqrt(np.diag(density.covariance) / len(mine))
        assert (np.abs(mine.mean(axis=0) - density.mean) < 4 * scale).all()
        np.testing.assert_allclose(np.cov(mine.T), density.covariance, rtol=0.05, atol=0.1)


def test_samples_do_not_depend_on_the_other_densities():
    few = [PAIRS["shift-1d"].q, PAIRS["scale-1d"].q]
    both = Sampler(few, "test", 50, Streams((3, 3), CPU))(2)
    alone = Sampler(few[1:], "test", 50, Streams((3,), CPU))(2)
    beside_a_mixture = Sampler([few[1], PAIRS["modes-1d"].p], "test", 50, Streams((3, 3), CPU))(2)
    assert torch.equal(both[1], alone[0])
    assert torch.equal(beside_a_mixture[0], alone[0])


def test_a_fitted_discriminator_gives_the_divergence_from_below(shifted):
    for truth, reading in zip((0.111421, 0.076630), shifted[1], strict=True):
        assert reading.estimate == pytest.approx(truth, rel=0.04)
        assert reading.estimate < truth + 3 * reading.error
        assert 0 < reading.error < 0.01 * truth


def test_a_fitted_discriminator_is_the_log_ratio_on_the_line(shifted):
    (pair, _), (reading, _) = shifted
    x = pair.line(41)[:, 0]
    near = (x > -1) & (x < 2)
    # log N(x; 0, 1)/N(x; 1, 1).
    np.testing.assert_allclose(np.array(reading.outputs)[near], (0.5 - x)[near], atol=0.15)


def test_gap_and_slopes_are_the_critics(shifted):
    """Between translates the logit is nearly linear, with slope 1 and a gap of 1."""
    reading = shifted[1][0]
    assert reading.gap == pytest.approx(1, rel=0.1)
    assert reading.mean_slope == pytest.approx(1, rel=0.1)
    assert reading.mean_slope < reading.max_slope < 2


def test_a_pair_is_fitted_the_same_alone_and_beside_another(shifted):
    pairs, together = shifted
    (alone,) = fit(game("minimax"), pairs[1:], SETTINGS, CPU, 41)
    assert alone.estimate == pytest.approx(together[1].estimate, rel=1e-3)
