"""Images on disk: read once, kept whole, noticed when they change."""

import json
from pathlib import Path

import numpy as np
import pytest

from bench import datasets, store
from bench.plugins import Part

DIGITS = Part("digits", str(datasets.find()["digits"]), {})


def load(tmp_path):
    return store.load(DIGITS, "digits", tmp_path / "cache", tmp_path / "data")


def files(tmp_path):
    (folder,) = (path for path in (tmp_path / "cache").iterdir() if path.is_dir())
    return folder


def same(first, second):
    return first.checksum == second.checksum and all(
        np.array_equal(first.pixels[split], second.pixels[split])
        and np.array_equal(first.labels[split], second.labels[split])
        for split in first.pixels
    )


def test_what_is_read_from_disk_is_what_the_source_gives(tmp_path):
    assert same(load(tmp_path), store.shipped("digits"))


def test_images_are_read_once(tmp_path, monkeypatch):
    first = load(tmp_path)
    monkeypatch.setattr(store, "_prepare", lambda *_: pytest.fail("read again"))
    assert same(load(tmp_path), first)


@pytest.mark.parametrize("name", ["train.bytes", "test-labels.npy", "validation.json"])
@pytest.mark.parametrize("damage", ["flipped", "truncated", "gone"])
def test_a_damaged_copy_is_noticed_and_made_again(tmp_path, name, damage):
    first = store.shipped("digits")
    load(tmp_path)
    path = files(tmp_path) / name
    content = bytearray(path.read_bytes())
    if damage == "flipped":
        content[-9] ^= 1
    path.write_bytes(content[: -5 if damage == "truncated" else None])
    if damage == "gone":
        path.unlink()
    assert same(load(tmp_path), first)
    assert path.exists()


def test_a_copy_that_was_not_finished_is_no_copy(tmp_path, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(store, "write_json", stop)
        with pytest.raises(KeyboardInterrupt):
            load(tmp_path)
    assert not [path for path in (tmp_path / "cache").iterdir() if path.is_dir()]
    assert same(load(tmp_path), store.shipped("digits"))


def test_another_file_of_the_source_is_another_copy(tmp_path):
    load(tmp_path)
    other = tmp_path / "digits.py"
    other.write_text(Path(DIGITS.file).read_text() + "\n# edited\n")
    part = Part("digits", str(other), {})
    store.load(part, "digits", tmp_path / "cache", tmp_path / "data")
    assert sum(path.is_dir() for path in (tmp_path / "cache").iterdir()) == 2


def test_the_checksum_is_kept_and_follows_labels(tmp_path):
    images = load(tmp_path)
    about = json.loads((files(tmp_path) / "about.json").read_text())
    assert about["checksum"] == images.checksum
    labels = {**images.labels, "test": images.labels["test"][::-1].copy()}
    assert store._checksum(images.pixels, labels) != images.checksum
