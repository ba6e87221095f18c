"""Every draw is a function of the stream's name, the seed and the index alone."""

import numpy as np
import pytest
import torch

from bench.training.streams import Recorder, Replay, Streams, derive, numpy_generator

CPU = torch.device("cpu")
KINDS = {
    "normal": lambda streams, name, *shape: streams.normal(name, *shape),
    "uniform": lambda streams, name, *shape: streams.uniform(name, *shape),
    "integers": lambda streams, name, *shape: streams.integers(name, 1000, *shape),
}
# Small shapes share a block of draws; the large one has a block to each index.
SHAPES = [(3,), (2, 5), (200_000,)]


@pytest.fixture(params=KINDS)
def stream(request):
    return lambda seeds, name, *shape: KINDS[request.param](Streams(seeds, CPU), name, *shape)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_seed_draws_the_same_alone_and_in_any_cohort(stream, shape):
    alone = stream((7,), "noise", *shape)
    among = stream((1, 7, 5), "noise", *shape)
    for index in (0, 1, 30):
        assert alone(index).shape == (1, *shape)
        assert torch.equal(alone(index)[0], among(index)[1])


@pytest.mark.parametrize("shape", SHAPES)
def test_the_order_of_calls_does_not_matter(stream, shape):
    forward, backward = stream((0, 1), "noise", *shape), stream((0, 1), "noise", *shape)
    indices = [0, 1, 2, 50_000, 60_000]
    there = {index: forward(index).clone() for index in indices}
    back = {index: backward(index).clone() for index in reversed(indices)}
    again = {index: forward(index) for index in indices}
    for index in indices:
        assert torch.equal(there[index], back[index])
        assert torch.equal(there[index], again[index])


def test_names_seeds_and_indices_differ(stream):
    first, other = stream((0, 1), "one", 8), stream((0, 1), "two", 8)
    draws = [first(0)[0], first(0)[1], first(1)[0], first(70_000)[0], other(0)[0]]
    assert len({tuple(draw.tolist()) for draw in draws}) == len(draws)


def test_neighbouring_blocks_and_seeds_are_uncorrelated():
    draws = Streams((0, 1, 2), CPU).normal("noise", 2**16)
    rows = torch.cat([draws(0), draws(1), draws(2), draws(3)])
    off_diagonal = torch.corrcoef(rows) - torch.eye(len(rows))
    assert off_diagonal.abs().max() < 5 / 2**8


def test_draws_have_their_distributions():
    streams = Streams((3,), CPU)
    normal, uniform = streams.normal("a", 100_000)(0), streams.uniform("a", 100_000)(0)
    assert normal.mean().item() == pytest.approx(0, abs=0.015)
    assert normal.std().item() == pytest.approx(1, abs=0.015)
    assert uniform.min() >= 0
    assert uniform.max() < 1
    assert uniform.mean().item() == pytest.approx(0.5, abs=0.005)
    integers = streams.integers("a", 5, 100_000)(0)
    np.testing.assert_allclose(torch.bincount(integers[0]) / 100_000, 0.2, atol=0.008)


def test_global_randomness_is_neither_used_nor_touched(stream):
    torch.manual_seed(0)
    before = torch.get_rng_state()
    first = stream((0,), "noise", 4)(0)
    assert torch.equal(before, torch.get_rng_state())
    torch.manual_seed(1)
    assert torch.equal(first, stream((0,), "noise", 4)(0))


def test_derived_seeds_belong_to_the_names_and_not_to_their_spelling_together():
    assert derive("a", 1) == derive("a", 1)
    assert derive("a", 11) != derive("a1", 1)
    assert derive("ab", "c") != derive("a", "bc")
    assert min(derive("x", seed) for seed in range(100)) >= 0
    assert len({derive("x", seed) for seed in range(1000)}) == 1000


def test_derived_seeds_never_change_between_versions():
    """Old results stay reproducible: the number is written down."""
    assert derive("initialisation", "generator", 0) == 8107654951552146578


def test_numpy_generators_follow_their_names():
    draws = [numpy_generator("a", seed).random() for seed in (0, 0, 1)]
    assert draws[0] == draws[1] != draws[2]


def test_replay_hands_out_what_the_recorder_noted_in_order():
    recorder = Recorder(CPU)
    assert recorder.uniform(4, 1).shape == (4, 1)
    assert recorder.normal(3).shape == (3,)
    assert recorder.requests == [("uniform", (4, 1)), ("normal", (3,))]
    replay = Replay([torch.zeros(4, 1), torch.ones(3)])
    assert torch.equal(replay.uniform(4, 1), torch.zeros(4, 1))
    assert torch.equal(replay.normal(3), torch.ones(3))
