"""Stacks of digits: whose digits, which classes, and the same ones every time."""

import gzip
import os
import struct
from pathlib import Path

import numpy as np
import pytest

from bench import datasets, store
from bench.datasets.base import SPLITS, DataError
from bench.plugins import Part, PluginError

REAL = os.environ.get("BENCH_TEST_DATA")


def stacked(**settings):
    return store.shipped("stacked-digits", **{"images": 4000, "held_out_images": 500, **settings})


@pytest.fixture(scope="module")
def digits():
    return store.shipped("digits")


@pytest.fixture(scope="module")
def made():
    return stacked()


def idx(path, array):
    header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
    with gzip.open(path, "wb") as file:
        file.write(header + array.astype(np.uint8).tobytes())


@pytest.fixture
def mnist(tmp_path):
    """A folder with 60 training and 30 test images, each of one grey level: its number."""
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for half, first, count in (("train", 0, 60), ("t10k", 100, 30)):
        levels = np.arange(first, first + count)
        idx(raw / f"{half}-images-idx3-ubyte.gz", np.tile(levels[:, None, None], (28, 28)))
        idx(raw / f"{half}-labels-idx1-ubyte.gz", levels % 10)
    return tmp_path


def mnist_stacks(folder, **settings):
    given = {"held_out": 20, "images": 3000, "held_out_images": 400, **settings}
    return store.in_memory(datasets.create("stacked-mnist", **given), "stacked-mnist", folder)


def test_the_default_counts_and_shape():
    images = store.shipped("stacked-digits")
    assert images.stacked
    assert images.shape == datasets.create("stacked-digits").shape == (3, 8, 8)
    assert {split: len(images.pixels[split]) for split in SPLITS} == {
        "train": 25_600,
        "validation": 26_000,
        "test": 26_000,
    }
    assert images.classes == 1000
    for split in SPLITS:
        assert len(np.unique(images.labels[split])) == 1000


def test_each_channel_is_a_digit_of_its_own_split(made, digits):
    for split in SPLITS:
        known = {
            image.tobytes(): label
            for image, label in zip(digits.pixels[split], digits.labels[split], strict=True)
        }
        for stack, label in zip(made.pixels[split], made.labels[split], strict=True):
            first, second, third = (known[channel.tobytes()] for channel in stack)
            assert label == 100 * first + 10 * second + third


def test_no_digit_is_in_two_splits(made):
    members = [
        {channel.tobytes() for channel in made.pixels[split].reshape(-1, 8, 8)} for split in SPLITS
    ]
    assert not members[0] & members[1]
    assert not members[0] & members[2]
    assert not members[1] & members[2]


def test_channels_are_drawn_from_the_digits_equally_often_and_independently(made, digits):
    number = {image.tobytes(): at for at, image in enumerate(digits.pixels["train"])}
    drawn = np.array(
        [[number[channel.tobytes()] for channel in stack] for stack in made.pixels["train"]]
    )
    for channel in drawn.T:
        # A few images of scikit-learn's may be the same: chi-square over tenths of them.
        counts = np.histogram(channel, bins=10, range=(0, len(digits.pixels["train"])))[0]
        expected = len(drawn) / 10
        assert ((counts - expected) ** 2 / expected).sum() < 27.9  # 99.9 % for 9 degrees.
    assert np.abs(np.corrcoef(drawn.T) - np.eye(3)).max() < 4.5 / np.sqrt(len(drawn))
    # With replacement: far from all digits are in as few stacks.
    assert len(np.unique(drawn[: len(number), 0])) < 0.7 * len(number)


def test_a_seed_makes_the_same_stacks_and_another_seed_others(made):
    assert stacked().checksum == made.checksum
    assert stacked(seed=1).checksum != made.checksum


def test_splits_do_not_depend_on_the_size_of_one_another(made):
    fewer = stacked(images=100)
    assert np.array_equal(fewer.pixels["test"], made.pixels["test"])
    assert not np.array_equal(made.labels["test"], made.labels["validation"])


def test_splits_are_drawn_for_themselves(made, digits):
    """Not by the same numbers, from other digits."""
    numbers = []
    for split in ("validation", "test"):
        number = {image.tobytes(): at for at, image in enumerate(digits.pixels[split])}
        numbers.append([number[stack[0].tobytes()] for stack in made.pixels[split]])
    assert np.mean(np.equal(*numbers)) < 0.05


def test_the_size_of_a_chunk_does_not_show(monkeypatch, made):
    monkeypatch.setattr("bench.datasets.shared.stacks._CHUNK", 77)
    assert stacked().checksum == made.checksum


@pytest.mark.parametrize("name", ["stacked-digits", "stacked-mnist"])
@pytest.mark.parametrize("wrong", [{"images": 0}, {"held_out_images": 0}, {"seed": -1}])
def test_settings_that_make_no_sense_are_named(name, wrong):
    (setting,) = wrong
    with pytest.raises(PluginError, match=f"{name}: '{setting}' is"):
        datasets.create(name, **wrong)


def test_stacked_mnist_is_made_of_mnists_files(mnist):
    images = mnist_stacks(mnist)
    assert images.stacked
    assert images.shape == (3, 28, 28)
    assert [len(images.pixels[split]) for split in SPLITS] == [3000, 400, 400]
    levels = {split: images.pixels[split][:, :, 5, 5].astype(int) for split in SPLITS}
    for split in SPLITS:
        # Every channel is one image, whose level tells its number and so its class.
        assert (images.pixels[split] == levels[split][:, :, None, None]).all()
        assert np.array_equal(images.labels[split], levels[split] % 10 @ [100, 10, 1])
    members = {split: set(levels[split].ravel()) for split in SPLITS}
    assert members["test"] == set(range(100, 130))
    assert len(members["train"]) == 40
    assert len(members["validation"]) == 20
    assert members["train"] | members["validation"] == set(range(60))


def test_stacked_mnist_is_kept_on_disk_and_can_be_resized(mnist, tmp_path):
    settings = {"held_out": 20, "images": 50, "held_out_images": 40, "size": 32}
    part = Part("stacked-mnist", str(datasets.find()["stacked-mnist"]), settings)
    first, second = (store.load(part, "s", tmp_path / "cache", mnist) for _ in range(2))
    assert first.shape == (3, 32, 32)
    assert first.stacked
    assert second.checksum == first.checksum


def test_stacked_mnist_without_files_says_which_to_put_where(tmp_path):
    assert datasets.create("stacked-mnist").downloads
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte.*MNIST"):
        mnist_stacks(tmp_path)


@pytest.mark.skipif(not REAL, reason="BENCH_TEST_DATA names no folder with MNIST")
def test_real_stacked_mnist_has_all_classes():
    counts = {"images": 20_000, "held_out_images": 26_000}
    source = datasets.create("stacked-mnist", **counts)
    images = store.in_memory(source, "stacked-mnist", Path(REAL))
    assert all(len(np.unique(images.labels[split])) == 1000 for split in SPLITS)
