"""Images on disk: read once, kept whole, noticed when they change."""

import json
from pathlib import Path

import numpy as np
import pytest

from bench import datasets, store
from bench.datasets.base import DataError, checksum
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
    assert checksum(images.pixels, labels) != images.checksum


PLUGIN = """
from dataclasses import dataclass
import numpy as np
from bench.datasets.base import DataError, ImageSource
from bench.datasets.digits import splits
{more}

@dataclass(frozen=True)
class Plugin(ImageSource):
    shape = (1, 8, 8)

    def read(self, folder):
        return {{split: iter([both]) for split, both in splits().items()}} {change}
"""


def plugin(tmp_path, more="", change=""):
    path = tmp_path / "plugin.py"
    path.write_text(PLUGIN.format(more=more, change=change))
    return Part("plugin", str(path), {})


def key(part, folder):
    return store._key(part, datasets.REGISTRY.make(part), folder)


def test_code_that_a_source_imports_belongs_to_it():
    files = {
        name: {path.name for path in datasets.REGISTRY.files(Part(name, str(path), {}))}
        for name, path in datasets.find().items()
    }
    assert files["digits"] == {"digits.py"}
    assert files["mnist"] >= {"mnist.py", "idx.py", "published.py", "splits.py", "pictures.py"}
    assert files["mnist"].isdisjoint({"base.py", "folders.py", "cifar.py"})
    assert files["image-folder"] >= {"image_folder.py", "folders.py", "pictures.py"}


def test_an_edit_of_imported_code_is_another_copy(tmp_path, monkeypatch):
    part = plugin(tmp_path)
    before = key(part, tmp_path)
    digits = Path(DIGITS.file)
    read = Path.read_bytes

    def edited(path):
        return read(path) + (b"# edited" if path == digits else b"")

    assert digits in datasets.REGISTRY.files(part)
    monkeypatch.setattr(Path, "read_bytes", edited)
    assert key(part, tmp_path) != before


def test_what_a_source_says_of_its_files_is_part_of_the_key(tmp_path):
    method = "\n\n    def fingerprint(self, folder):\n        return (folder / 'mark').read_text()"
    part = plugin(tmp_path, change=method)
    (tmp_path / "mark").write_text("one")
    first = key(part, tmp_path)
    assert key(part, tmp_path) == first
    (tmp_path / "mark").write_text("two")
    assert key(part, tmp_path) != first


def test_a_package_of_several_files_belongs_together(tmp_path):
    package = tmp_path / "plugin"
    package.mkdir()
    (package / "__init__.py").write_text("from .more import x")
    (package / "more.py").write_text("import bench.datasets.digits as x")
    part = Part("plugin", str(package / "__init__.py"), {})
    names = {path.name for path in datasets.REGISTRY.files(part)}
    assert names == {"__init__.py", "more.py", "digits.py"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("| {'test': iter([])}", "test: there are no images"),
        (
            "| {'test': iter([(np.zeros((2, 1, 8, 8), np.uint8), np.zeros(3, np.int64))])}",
            "test: 2 images have 3 labels",
        ),
        (
            "| {'test': iter([(np.zeros((2, 1, 8, 8)), np.zeros(2, np.int64))])}",
            "test: images are float64",
        ),
    ],
)
def test_what_a_source_gives_wrong_is_named_and_not_kept(tmp_path, change, message):
    part = plugin(tmp_path, change=change)
    with pytest.raises(DataError, match=f"^dataset 'name': {message}"):
        store.load(part, "name", tmp_path / "cache", tmp_path)
    assert not [path for path in (tmp_path / "cache").iterdir() if path.is_dir()]


def test_what_a_killed_process_left_is_cleared_away(tmp_path):
    load(tmp_path)
    kept = files(tmp_path)
    left = kept.with_name(f".{kept.name}-reading")
    kept.rename(left)
    assert same(load(tmp_path), store.shipped("digits"))
    assert not left.exists()


@pytest.mark.parametrize("content", ["", "[]", "null", "{}", '"x"', "{"])
@pytest.mark.parametrize("name", ["about.json", "test.json", "test-labels.npy"])
def test_nonsense_in_a_copy_is_noticed(tmp_path, name, content):
    load(tmp_path)
    (files(tmp_path) / name).write_text(content)
    assert same(load(tmp_path), store.shipped("digits"))
