"""CIFAR, SVHN and STL-10, from small files in their own formats, with their own digests."""

import pickle
import warnings

import numpy as np
import pytest

from bench.datasets.base import DataError

RNG = np.random.default_rng(0)


class OldType:
    """What warns when it is unpickled, as types in the real files do in some versions of numpy."""

    def __reduce__(self):
        return warnings.warn, ("this file is old",)


def write_cifar(folder, monkeypatch, digest, name):
    """Write batches of 30 images and torchvision's list of them; return the last by columns."""
    from torchvision import datasets

    origin = getattr(datasets, name)
    key = "labels" if name == "CIFAR10" else "fine_labels"
    base = folder / origin.base_folder
    base.mkdir()
    lists = {"train_list": [], "test_list": []}
    for listed, entries in lists.items():
        for batch, _ in getattr(origin, listed):
            data = RNG.integers(0, 256, (30, 3072), dtype=np.uint8)
            labels = (np.arange(30) % 10).tolist()
            content = {"data": data, key: labels, "coarse_labels": [0] * 30, "type": OldType()}
            (base / batch).write_bytes(pickle.dumps(content))
            entries.append([batch, digest(base / batch)])
        monkeypatch.setattr(origin, listed, entries)
    path = base / origin.meta["filename"]
    path.write_bytes(pickle.dumps({origin.meta["key"]: [str(label) for label in range(10)]}))
    monkeypatch.setattr(origin, "meta", {**origin.meta, "md5": digest(path)})
    return data, labels


@pytest.mark.parametrize(("name", "origin"), [("cifar10", "CIFAR10"), ("cifar100", "CIFAR100")])
def test_cifar(folder, load, monkeypatch, digest, name, origin):
    data, labels = write_cifar(folder, monkeypatch, digest, origin)
    count = 150 if name == "cifar10" else 30
    images = load(name, held_out=20)
    assert images.shape == (3, 32, 32)
    assert images.classes == 10
    assert {split: len(of) for split, of in images.pixels.items()} == {
        "train": count - 20,
        "validation": 20,
        "test": 30,
    }
    assert np.bincount(images.labels["validation"]).tolist() == [2] * 10
    # A row of the file is red, then green, then blue, each by rows.
    assert np.array_equal(images.pixels["test"].reshape(30, -1), data)
    assert images.labels["test"].tolist() == labels


def test_a_pickle_that_is_not_the_published_one_is_not_opened(
    folder, load, monkeypatch, digest, tmp_path, cached
):
    write_cifar(folder, monkeypatch, digest, "CIFAR10")

    class Evil:
        def __reduce__(self):
            return open, (str(tmp_path / "opened"), "w")

    path = folder / "cifar-10-batches-py" / "data_batch_3"
    path.write_bytes(pickle.dumps(Evil()))
    with pytest.raises(DataError, match=r"data_batch_3 is damaged.*MD5") as error:
        load("cifar10", held_out=20)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "opened").exists()
    assert not cached()


def write_svhn(folder, monkeypatch, digest):
    from scipy.io import savemat
    from torchvision import datasets

    listed, halves = {}, {}
    for half, count in {"train": 40, "test": 20}.items():
        data = RNG.integers(0, 256, (32, 32, 3, count), dtype=np.uint8)
        labels = np.arange(count) % 10 + 1
        path = folder / f"{half}_32x32.mat"
        savemat(path, {"X": data, "y": labels[:, None].astype(np.uint8)})
        listed[half] = ["http://nowhere.invalid/", path.name, digest(path)]
        halves[half] = data.transpose(3, 2, 0, 1), labels % 10
    monkeypatch.setattr(datasets.SVHN, "split_list", listed)
    return halves


def test_svhn(folder, load, monkeypatch, digest):
    halves = write_svhn(folder, monkeypatch, digest)
    images = load("svhn", held_out=10)
    assert images.shape == (3, 32, 32)
    assert np.array_equal(images.pixels["test"], halves["test"][0])
    assert np.array_equal(images.labels["test"], halves["test"][1])
    assert np.bincount(images.labels["validation"]).tolist() == [1] * 10
    assert len(images.pixels["train"]) == 30


def write_stl10(folder, monkeypatch, digest):
    from torchvision import datasets

    base = folder / "stl10_binary"
    base.mkdir()
    halves = {}
    for half, count in {"train": 20, "test": 10, "unlabeled": 50}.items():
        images = np.full((count, 3, 96, 96), 128, np.uint8)
        # A bright block in the first rows and last columns, in an image's own colour.
        images[np.arange(count), np.arange(count) % 3, :48, 48:] = (
            200 + np.arange(count)[:, None, None]
        )
        (base / f"{half}_X.bin").write_bytes(images.transpose(0, 1, 3, 2).tobytes())
        if half != "unlabeled":
            (base / f"{half}_y.bin").write_bytes(bytes(1 + np.arange(count, dtype=np.uint8) % 10))
        halves[half] = images
    for listed in ("train_list", "test_list"):
        entries = [[name, digest(base / name)] for name, _ in getattr(datasets.STL10, listed)]
        monkeypatch.setattr(datasets.STL10, listed, entries)
    return halves


@pytest.mark.parametrize("size", [96, 48])
def test_stl10_trains_with_what_has_no_labels(folder, load, monkeypatch, digest, size):
    halves = write_stl10(folder, monkeypatch, digest)
    images = load("stl10", held_out=10, size=size)
    assert images.shape == (3, size, size)
    assert {split: len(of) for split, of in images.pixels.items()} == {
        "train": 40,
        "validation": 10,
        "test": 10,
    }
    assert images.classes == 1
    assert not images.labels["test"].any()
    step = 96 // size
    expected = halves["test"][:, :, ::step, ::step]
    if size == 96:
        assert np.array_equal(images.pixels["test"], expected)
    else:
        # Away from the block's edges the colours are what they were.
        inner = np.r_[4:20, 28:44]
        assert np.array_equal(
            images.pixels["test"][:, :, inner][..., inner], expected[:, :, inner][..., inner]
        )


def test_stl10_with_labels(folder, load, monkeypatch, digest):
    write_stl10(folder, monkeypatch, digest)
    # Not read, and not missed.
    (folder / "stl10_binary" / "unlabeled_X.bin").unlink()
    images = load("stl10", held_out=10, labelled=True)
    assert images.classes == 10
    assert np.bincount(images.labels["validation"]).tolist() == [1] * 10
    assert images.labels["test"].tolist() == list(range(10))


def test_stl10_says_how_many_may_be_held_out_of_the_labelled(source):
    with pytest.raises(ValueError, match="with 'labelled' it must be below 5000"):
        source("stl10", labelled=True)


@pytest.mark.parametrize(
    ("name", "path", "files"),
    [
        ("cifar10", "cifar-10-batches-py", ["data_batch_1", "data_batch_5", "test_batch"]),
        ("cifar100", "cifar-100-python", ["train", "test", "meta"]),
        ("svhn", "", ["train_32x32.mat", "test_32x32.mat"]),
        ("stl10", "stl10_binary", ["unlabeled_X.bin", "test_X.bin"]),
        ("celeba", "celeba", ["list_eval_partition.txt", "img_align_celeba"]),
    ],
)
def test_without_files_the_message_says_what_to_put_where(folder, load, cached, name, path, files):
    with pytest.raises(DataError) as error:
        load(name)
    message = str(error.value)
    assert "\n" not in message
    assert all(file in message for file in files)
    assert f"into {folder / path}" in message
    assert "download: true" in message
    assert not cached()


@pytest.mark.parametrize("name", ["cifar10", "svhn", "stl10"])
def test_a_copy_is_kept_noticed_when_damaged_and_made_again(
    folder, load, monkeypatch, digest, tmp_path, cached, name
):
    writers = {"svhn": write_svhn, "stl10": write_stl10}
    if name == "cifar10":
        write_cifar(folder, monkeypatch, digest, "CIFAR10")
    else:
        writers[name](folder, monkeypatch, digest)
    first = load(name, held_out=10)
    (kept,) = cached()
    path = tmp_path / "cache" / kept / "train.bytes"
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    again = load(name, held_out=10)
    assert again.checksum == first.checksum
    assert path.read_bytes() == content
    assert cached() == [kept]
