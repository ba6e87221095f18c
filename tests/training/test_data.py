"""Batches: what their samples are drawn from, and which streams they belong to."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.stats import ks_2samp

from bench import store
from bench.datasets.base import Images, Mixture
from bench.metrics.pixels import to_unit
from bench.training.data import batches
from bench.training.streams import Streams

CPU = torch.device("cpu")
SPLITS = ("train", "validation")
UNEVEN = Mixture(
    "uneven",
    np.array([[0.0, 0.0, 0.0], [5.0, 0.0, 1.0], [0.0, -5.0, 2.0], [4.0, 4.0, 4.0]]),
    0.3,
    np.array([0.45, 0.05, 0.3, 0.2]),
)
TURNS = np.array([1.0, -1.0, 2.0, 0.0])[:, None, None] * np.ones((3, 3))
FLAT = np.array([[2.0, 0.0], [1.0, 0.5], [0.0, 0.0]])
#: Isotropic ones; flat ones of one factor; one factor each, of which none is symmetric.
MIXTURES = [
    UNEVEN,
    store.shipped("ring8"),
    store.shipped("grid25"),
    replace(UNEVEN, name="flat", factors=FLAT[None]),
    replace(UNEVEN, name="turned", factors=np.eye(3) + 0.5 * np.triu(TURNS, 1)),
    store.shipped("anisotropic"),
]


def numbered():
    """Return images whose first pixel is their number, and whose second is their split's."""

    def split(number, count):
        images = np.zeros((count, 1, 2, 2), np.uint8)
        images[:, 0, 0, 0], images[:, 0, 0, 1] = np.arange(count), number
        return images, np.zeros(count, np.int64)

    # As many in each of the two splits, so that the same picks would show.
    counts = {"train": 40, "validation": 40, "test": 30}
    return Images.of(
        "numbered", {name: split(at, count) for at, (name, count) in enumerate(counts.items())}
    )


DATASETS = {"mixture": UNEVEN, "images": numbered()}


@pytest.fixture(params=DATASETS)
def dataset(request):
    return DATASETS[request.param]


def draw(dataset, split="train", name="a", size=16, seeds=(0, 1), indices=(0, 1, 2)):
    """Return batches by seed, ``[seeds, len(indices), size, features]``."""
    source = batches(dataset, split, name, size, Streams(seeds, CPU))
    return torch.stack([source(index).flatten(start_dim=2) for index in indices], dim=1)


@pytest.mark.parametrize("mixture", MIXTURES, ids=lambda mixture: mixture.name)
@pytest.mark.parametrize("split", SPLITS)
def test_mixture_batches_have_the_mixtures_modes_means_and_covariance(mixture, split):
    count = 40_000
    drawn = draw(mixture, split, size=1000, seeds=(3, 4), indices=range(count // 1000))
    factors = mixture.factors if mixture.factors.size else np.eye(mixture.rank)[None]
    factors = np.broadcast_to(factors, (len(mixture.means), *factors.shape[1:]))
    for samples in drawn.flatten(start_dim=1, end_dim=2).double().numpy():
        mode = mixture.distances(samples).argmin(axis=1)
        counts = np.bincount(mode, minlength=len(mixture.means))
        errors = (counts / count - mixture.weights) / np.sqrt(
            mixture.weights * (1 - mixture.weights) / count
        )
        assert np.abs(errors).max() < 4.5
        for number, (mean, factor) in enumerate(zip(mixture.means, factors, strict=True)):
            # What the factor was applied to, and nothing beside it.
            noise = (samples[mode == number] - mean) / mixture.std @ np.linalg.pinv(factor).T
            assert mean + mixture.std * noise @ factor.T == pytest.approx(
                samples[mode == number], abs=1e-5
            )
            assert np.abs(noise.mean(axis=0)).max() < 4.5 / np.sqrt(len(noise))
            covariance = noise.T @ noise / len(noise)
            # The variance of a squared normal is 2, of a product of two of them 1.
            assert np.abs(covariance - np.eye(mixture.rank)).max() < 4.5 * np.sqrt(2 / len(noise))


@pytest.mark.parametrize("mixture", MIXTURES, ids=lambda mixture: mixture.name)
def test_mixture_batches_are_distributed_as_its_samples(mixture):
    ours = draw(mixture, size=1000, seeds=(0,), indices=range(10))[0].flatten(end_dim=1).numpy()
    theirs = mixture.sample(10_000, np.random.default_rng(0))
    rng = np.random.default_rng(1)
    for _ in range(6):
        axis = rng.normal(size=mixture.shape[0])
        assert ks_2samp(ours @ axis, theirs @ axis).pvalue > 1e-3


def test_the_modes_of_one_batch_are_independent():
    """Neighbours share a mode as often as chance has it."""
    drawn = draw(UNEVEN, size=1000, seeds=(0,), indices=range(20)).reshape(-1, 3).numpy()
    mode = np.linalg.norm(drawn[:, None] - UNEVEN.means, axis=2).argmin(axis=1)
    share = (UNEVEN.weights**2).sum()
    error = np.sqrt(share * (1 - share) / len(mode))
    assert np.mean(mode[1:] == mode[:-1]) == pytest.approx(share, abs=6 * error)


@pytest.mark.parametrize("split", SPLITS)
def test_image_batches_are_members_of_their_split_equally_often(split):
    images = DATASETS["images"]
    for drawn in draw(images, split, size=200, indices=range(20)):
        rows = ((drawn + 1) * 127.5).round().reshape(-1, 4)
        assert (rows[:, 1] == SPLITS.index(split)).all()
        assert (rows[:, 2:] == 0).all()
        counts = torch.bincount(rows[:, 0].long(), minlength=40)
        assert len(counts) == 40
        expected = 4000 / 40
        assert (counts - expected).abs().max() < 4.5 * np.sqrt(expected)


def test_images_keep_their_pixels():
    digits = store.shipped("digits")
    for split in SPLITS:
        members = {image.tobytes() for image in to_unit(digits.pixels[split])}
        drawn = batches(digits, split, "a", 16, Streams((0, 1), CPU))(0)
        assert drawn.shape == (2, 16, 1, 8, 8)
        assert {image.tobytes() for image in drawn.flatten(end_dim=1).numpy()} <= members


def test_batches_have_the_samples_shape_in_float32(dataset):
    batch = batches(dataset, "train", "a", 16, Streams((0, 1, 5), CPU))(0)
    assert batch.shape == (3, 16, *dataset.shape)
    assert batch.dtype == torch.float32


def test_a_seed_has_the_same_batches_alone_and_in_any_cohort(dataset):
    together = draw(dataset, seeds=(4, 0, 9), indices=(0, 7, 5000))
    for run, seed in enumerate((4, 0, 9)):
        assert torch.equal(draw(dataset, seeds=(seed,), indices=(0, 7, 5000))[0], together[run])


def test_seeds_indices_names_and_splits_have_batches_of_their_own(dataset):
    drawn = [draw(dataset), draw(dataset, name="b"), draw(dataset, split="validation")]
    # The splits' marks aside, so that the same picks in both would show.
    drawn = [part[..., [0]] if dataset.kind == "images" else part for part in drawn]
    flat = torch.cat([part.flatten(end_dim=1).flatten(start_dim=1) for part in drawn])
    assert len(flat) == 3 * 2 * 3
    assert len(flat.unique(dim=0)) == len(flat)


def test_splits_of_a_mixture_share_no_noise():
    train, validation = (draw(UNEVEN, split).reshape(-1, 3) for split in SPLITS)
    centres = torch.tensor(UNEVEN.means, dtype=torch.float32)
    noise = torch.cat(
        [part - centres[torch.cdist(part, centres).argmin(dim=1)] for part in (train, validation)]
    )
    assert torch.pdist(noise).min() > 1e-4
