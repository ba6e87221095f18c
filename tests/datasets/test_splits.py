"""Held-out samples: as many as asked for, stratified, disjoint, and hardly moved by more data."""

import numpy as np
import pytest

from bench.datasets.base import DataError
from bench.datasets.shared import splits


def names(count):
    return [b"%d" % index for index in range(count)]


def test_ranks_are_the_names_hashes_and_never_change():
    import hashlib

    expected = int(hashlib.blake2b(b"7", digest_size=8).hexdigest(), 16)
    assert splits.ranks([b"7"]).tolist() == [expected]
    assert splits.ranks([b"a", b"b"])[1] == splits.ranks([b"b"])[0]


@pytest.mark.parametrize("count", [0, 1, 7, 100, 499])
def test_classes_have_their_share_to_within_one(count):
    labels = np.random.default_rng(0).integers(0, 7, 500) ** 2 // 6
    chosen = splits.hold_out(labels, splits.ranks(names(500)), count)
    assert len(np.unique(chosen)) == count
    assert (np.diff(chosen) > 0).all()
    sizes, held = np.bincount(labels), np.bincount(labels[chosen], minlength=labels.max() + 1)
    assert (np.abs(held - count * sizes / 500) < 1).all()


def test_of_each_class_those_that_come_first_are_held_out():
    order = np.array([5, 1, 4, 2, 3, 0], np.uint64)
    assert splits.hold_out(np.zeros(6, int), order, 2).tolist() == [1, 5]
    assert splits.hold_out(np.array([0, 0, 0, 1, 1, 1]), order, 2).tolist() == [1, 5]


def test_one_more_sample_moves_few():
    labels = np.arange(1000) % 10
    before = set(splits.hold_out(labels, splits.ranks(names(1000)), 100).tolist())
    more = np.append(labels, 3)
    after = set(splits.hold_out(more, splits.ranks(names(1001)), 100).tolist())
    assert len(before ^ after) <= 2


def test_splits_share_no_image_and_lose_none():
    images = np.arange(3000, dtype=np.uint16).view(np.uint8).reshape(3000, 1, 1, 2)
    pixels = np.repeat(images, 2, axis=2)
    train, test = (pixels[:2500], np.arange(2500) % 4), (pixels[2500:], np.arange(500) % 4)
    read = splits.split(train, test, 300, 2)
    seen = {
        split: np.concatenate([part[:, 0, 0].copy().view(np.uint16)[:, 0] for part, _ in chunks])
        for split, chunks in read.items()
    }
    assert {split: len(of) for split, of in seen.items()} == {
        "train": 2200,
        "validation": 300,
        "test": 500,
    }
    assert sorted(np.concatenate(list(seen.values()))) == list(range(3000))
    assert seen["test"].tolist() == list(range(2500, 3000))
    assert (np.diff(seen["train"].astype(int)) > 0).all()


def test_labels_stay_with_their_images_across_chunks():
    count = 2 * splits.CHUNK + 5
    labels = np.arange(count) % 251
    pixels = labels.astype(np.uint8).reshape(-1, 1, 1, 1)
    chunks = list(splits.split((pixels, labels), (pixels, labels), 10, 1)["test"])
    assert [len(images) for images, _ in chunks] == [splits.CHUNK, splits.CHUNK, 5]
    assert all((images[:, 0, 0, 0] == of).all() for images, of in chunks)


def test_nothing_left_to_train_with_is_an_error():
    half = (np.zeros((5, 1, 2, 2), np.uint8), np.zeros(5, np.int64))
    with pytest.raises(DataError, match=r"5 training images.*'held_out' sets 5 "):
        splits.split(half, half, 5, 2)
