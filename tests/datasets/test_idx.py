"""The MNIST family, from small files in its own format; real MNIST where it is at hand."""

import gzip
import os
import struct
from pathlib import Path

import numpy as np
import pytest

from bench import store
from bench.datasets.base import DataError

FAMILY = {"mnist": "MNIST", "fashion-mnist": "FashionMNIST", "kmnist": "KMNIST"}


def idx(array):
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


def write(folder, name="mnist", packed=False, seed=0):
    """Write 60 training and 20 test images; return them by half."""
    raw = folder / FAMILY[name] / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    rng, halves = np.random.default_rng(seed), {}
    for half, count in {"train": 60, "t10k": 20}.items():
        images = rng.integers(0, 256, (count, 28, 28), dtype=np.uint8)
        labels = (np.arange(count) % 10).astype(np.uint8)
        for content, array in {"images-idx3": images, "labels-idx1": labels}.items():
            path = raw / f"{half}-{content}-ubyte"
            if packed:
                path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(idx(array), mtime=0))
            else:
                path.write_bytes(idx(array))
        halves[half] = images[:, None], labels.astype(np.int64)
    return halves


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("name", FAMILY)
def test_splits_are_those_of_the_files(folder, load, name, packed):
    halves = write(folder, name, packed)
    images = load(name, held_out=20)
    assert images.shape == (1, 28, 28)
    assert images.classes == 10
    assert np.array_equal(images.pixels["test"], halves["t10k"][0])
    assert np.array_equal(images.labels["test"], halves["t10k"][1])
    assert np.bincount(images.labels["validation"]).tolist() == [2] * 10
    both = np.concatenate([images.pixels["train"], images.pixels["validation"]])
    labels = np.concatenate([images.labels["train"], images.labels["validation"]])
    assert len(both) == 60
    of = {image.tobytes(): label for image, label in zip(*halves["train"], strict=True)}
    assert all(of[image.tobytes()] == label for image, label in zip(both, labels, strict=True))
    assert len({image.tobytes() for image in both}) == 60


def test_torchvision_reads_the_same(folder, load):
    from torchvision import datasets

    write(folder)
    images = load("mnist", held_out=20)
    theirs = datasets.MNIST(folder, train=False)
    assert np.array_equal(images.pixels["test"][:, 0], theirs.data.numpy())
    assert np.array_equal(images.labels["test"], theirs.targets.numpy())


def test_plain_and_packed_files_are_one_dataset(tmp_path, source):
    for packed in (False, True):
        write(tmp_path / str(packed), packed=packed)
    mnist = source("mnist", held_out=20)
    plain, packed = (store.in_memory(mnist, "mnist", tmp_path / str(x)) for x in (False, True))
    assert plain.checksum == packed.checksum


def test_another_size_is_resized_to(folder, load):
    halves = write(folder)
    images = load("mnist", held_out=20, size=32)
    assert images.shape == (1, 32, 32)
    means = images.pixels["test"].mean((1, 2, 3)), halves["t10k"][0].mean((1, 2, 3))
    assert np.allclose(*means, atol=3)


def test_without_files_the_message_says_what_to_put_where(folder, load, cached):
    with pytest.raises(DataError) as error:
        load("kmnist")
    message = str(error.value)
    assert "\n" not in message
    assert "dataset 'data': there is no" in message
    for half in ("train", "t10k"):
        assert f"{half}-images-idx3-ubyte" in message
        assert f"{half}-labels-idx1-ubyte" in message
    assert f"into {folder / 'KMNIST' / 'raw'}" in message
    assert "download: true" in message
    assert not cached()


@pytest.mark.parametrize(
    ("packed", "damage"),
    [
        (False, lambda content: content[:-1]),
        (False, lambda content: content + b"x"),
        (False, lambda content: content[:6]),
        (False, lambda content: b""),
        (False, lambda content: b"not an idx file"),
        (True, lambda content: content[:-30]),
        (True, lambda content: content[:100] + b"\0" * 50 + content[150:]),
        (True, lambda content: gzip.decompress(content)),
    ],
)
def test_a_damaged_file_is_named(folder, load, cached, packed, damage):
    write(folder, packed=packed)
    path = folder / "MNIST" / "raw" / f"train-images-idx3-ubyte{'.gz' if packed else ''}"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DataError, match=path.name) as error:
        load("mnist", held_out=20)
    assert "\n" not in str(error.value)
    assert not cached()


def test_labels_of_other_images_are_noticed(folder, load):
    write(folder)
    raw = folder / "MNIST" / "raw"
    (raw / "train-labels-idx1-ubyte").write_bytes((raw / "t10k-labels-idx1-ubyte").read_bytes())
    with pytest.raises(DataError, match="train-labels-idx1-ubyte do not belong together"):
        load("mnist", held_out=20)


@pytest.mark.parametrize("settings", [{"size": 0}, {"held_out": 0}, {"held_out": -3}])
def test_settings_without_sense_are_refused(source, settings):
    (name,) = settings
    with pytest.raises(ValueError, match=f"'{name}' is"):
        source("mnist", **settings)


REAL = Path(os.environ.get("BENCH_TEST_DATA", "nowhere"))


@pytest.mark.skipif(
    not (REAL / "MNIST" / "raw").is_dir(), reason="BENCH_TEST_DATA names no folder with MNIST/raw"
)
def test_real_mnist_has_its_published_counts(source):
    images = store.in_memory(source("mnist"), "mnist", REAL)
    counts = {split: np.bincount(labels) for split, labels in images.labels.items()}
    assert {split: of.sum() for split, of in counts.items()} == {
        "train": 50_000,
        "validation": 10_000,
        "test": 10_000,
    }
    train = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert (counts["train"] + counts["validation"]).tolist() == train
    assert counts["test"].tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert (np.abs(counts["validation"] - np.array(train) / 6) < 1).all()
