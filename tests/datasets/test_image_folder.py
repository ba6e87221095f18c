"""A folder of images, laid out in any of the usual ways, by hands that were not careful."""

import os

import numpy as np
import pytest
from PIL import Image

from bench.datasets.base import DataError
from bench.plugins import PluginError

COUNTS = {"train": 16, "validation": 2, "test": 2}


def save(path, level=0, shape=(8, 8), mode="RGB"):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full(shape, level, np.uint8)).convert(mode).save(path)
    return path


def levels(images):
    """Return the level of each image by split."""
    return {split: pixels[:, 0, 0, 0].tolist() for split, pixels in images.pixels.items()}


def together(by_split):
    return sorted(level for split in by_split.values() for level in split)


@pytest.fixture
def flat(folder):
    """Twenty images, each of its own grey, in one folder."""
    for index in range(20):
        save(folder / "images" / f"{index:02}.png", index)
    return folder / "images"


def test_a_flat_folder_has_no_classes_and_all_splits(flat, load):
    images = load("image-folder", size=8)
    assert images.shape == (3, 8, 8)
    assert {split: len(of) for split, of in images.pixels.items()} == COUNTS
    assert together(levels(images)) == list(range(20))
    assert images.classes == 1
    assert not np.concatenate(list(images.labels.values())).any()


def test_folders_are_classes_and_every_class_is_held_out(folder, load):
    for index in range(40):
        group = ("cat", "dog")[index % 2]
        save(folder / "pets" / group / "deep" / f"{index}.png", index)
    images = load("image-folder", path="pets", size=8, channels=1, held_out=4)
    assert images.shape == (1, 8, 8)
    assert images.classes == 2
    for split, of in levels(images).items():
        assert [level % 2 for level in of] == images.labels[split].tolist()
    assert np.bincount(images.labels["validation"]).tolist() == [2, 2]
    assert np.bincount(images.labels["test"]).tolist() == [2, 2]
    assert together(levels(images)) == list(range(40))


@pytest.mark.parametrize("name", ["val", "valid", "validation"])
def test_folders_called_as_splits_are_splits(folder, load, name):
    for first, split in {0: "train", 10: name, 20: "test"}.items():
        for index in range(first, first + 4):
            save(folder / "images" / split / "ab"[index % 2] / f"{index}.png", index)
    images = load("image-folder", size=8)
    assert levels(images) == {
        "train": [0, 2, 1, 3],
        "validation": [10, 12, 11, 13],
        "test": [20, 22, 21, 23],
    }
    assert all(labels.tolist() == [0, 0, 1, 1] for labels in images.labels.values())


def test_a_split_without_a_folder_is_held_out_from_training_images(folder, load):
    for index in range(20):
        save(folder / "images" / "train" / f"{index}.png", index)
    for index in range(100, 105):
        save(folder / "images" / "test" / f"{index}.png", index)
    by_split = levels(load("image-folder", size=8, held_out=0.25))
    assert by_split["test"] == list(range(100, 105))
    assert len(by_split["validation"]) == 5
    assert sorted(by_split["train"] + by_split["validation"]) == list(range(20))


def test_a_class_may_be_called_train(folder, load):
    for index in range(20):
        save(folder / "images" / ("bus", "train")[index % 2] / f"{index}.png", index)
    images = load("image-folder", size=8, held_out=2)
    assert images.classes == 2
    assert together(levels(images)) == list(range(20))


def test_one_image_more_moves_few(flat, load):
    before = levels(load("image-folder", size=8, held_out=4))
    save(flat / "new.png", 99)
    after = levels(load("image-folder", size=8, held_out=4))
    for split, of in before.items():
        assert len(set(of) - set(after[split])) <= 1


def test_the_split_does_not_depend_on_where_the_folder_is(flat, load, tmp_path):
    before = levels(load("image-folder", size=8))
    moved = tmp_path / "elsewhere"
    flat.rename(moved)
    assert levels(load("image-folder", size=8, path=str(moved))) == before


@pytest.mark.parametrize("change", ["another", "touched", "renamed", "gone"])
def test_changed_files_are_noticed(flat, load, cached, change):
    first = load("image-folder", size=8)
    assert load("image-folder", size=8).checksum == first.checksum
    assert len(cached()) == 1
    path = flat / "07.png"
    if change == "another":
        save(path, 200, shape=(9, 9))
    elif change == "touched":
        about = path.stat()
        os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns + 1))
    elif change == "renamed":
        path.rename(flat / "07a.png")
    else:
        path.unlink()
    again = load("image-folder", size=8)
    assert len(cached()) == 2
    expected = {"another": 200, "touched": 7, "renamed": 7}.get(change)
    rest = [index for index in range(20) if index != 7]
    assert together(levels(again)) == sorted(rest + [expected] * (expected is not None))


def test_sizes_and_modes_may_be_mixed(flat, load):
    save(flat / "wide.jpg", 100, (30, 90))
    save(flat / "grey.png", 101, (50, 20), "L")
    save(flat / "palette.gif", 102, (9, 9), "P")
    save(flat / "alpha.PNG", 103, (12, 12), "RGBA")
    save(flat / "print.tif", 104, (12, 14), "CMYK")
    by_split = levels(load("image-folder", size=16))
    assert together(by_split)[-5:] == [100, 101, 102, 103, 104]


def test_other_files_are_passed_over(flat, load):
    (flat / "README.txt").write_text("about")
    (flat / "._00.png").write_bytes(b"what a Mac leaves")
    (flat / ".thumbnails").mkdir()
    (flat / ".thumbnails" / "00.png").write_bytes(b"no picture")
    (flat / "empty").mkdir()
    assert together(levels(load("image-folder", size=8))) == list(range(20))


def test_links_are_followed_once(flat, load, tmp_path):
    other = save(tmp_path / "other" / "x.png", 50).parent
    for path in list(flat.iterdir()):
        (flat / "a").mkdir(exist_ok=True)
        path.rename(flat / "a" / path.name)
    (flat / "b").symlink_to(other)
    (flat / "a" / "loop").symlink_to(flat)
    images = load("image-folder", size=8)
    assert together(levels(images)) == [*range(20), 50]
    assert images.classes == 2


def failure(load, cached, **settings):
    with pytest.raises(DataError) as error:
        load("image-folder", size=8, **settings)
    message = str(error.value)
    assert "\n" not in message
    assert message.startswith("dataset 'data': ")
    assert not cached()
    return message


BROKEN = {
    "cut.png": lambda path: path.write_bytes(
        save(path, 7, (64, 64)).read_bytes()[:60],
    ),
    "text.jpg": lambda path: path.write_text("not found"),
    "empty.png": lambda path: path.write_bytes(b""),
    "dangling.png": lambda path: path.symlink_to("nowhere"),
    "pipe.png": os.mkfifo,
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_file_that_is_no_picture_is_named_and_nothing_is_kept(flat, load, cached, name):
    BROKEN[name](flat / name)
    assert str(flat / name) in failure(load, cached)
    (flat / name).unlink()
    assert together(levels(load("image-folder", size=8))) == list(range(20))


def test_a_huge_image_is_named_and_nothing_is_kept(flat, load, cached, huge):
    (flat / "huge.png").write_bytes(huge(30_000))
    message = failure(load, cached)
    assert str(flat / "huge.png") in message
    assert "pixels" in message


def test_a_folder_that_is_not_there_is_named(folder, load, cached):
    assert f"{folder / 'nowhere'} is not there" in failure(load, cached, path="nowhere")
    save(folder / "a.png")
    assert "a.png is no folder" in failure(load, cached, path="a.png")


def test_a_folder_without_images_is_named(folder, load, cached):
    (folder / "images" / "deep").mkdir(parents=True)
    (folder / "images" / "notes.txt").write_text("none yet")
    assert f"{folder / 'images'} has no images" in failure(load, cached)


def test_a_folder_that_may_not_be_read_is_named(flat, load, cached, monkeypatch):
    save(flat / "locked" / "a.png")
    scan = os.scandir

    def refuse(path):
        if path == flat / "locked":
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", refuse)
        message = failure(load, cached)
    assert f"{flat / 'locked'} cannot be read: Permission denied" in message


def test_images_beside_classes_are_an_error(flat, load, cached):
    save(flat / "cats" / "a.png")
    assert f"{flat / '00.png'} lies beside folders" in failure(load, cached)


def test_a_class_without_training_images_is_named(folder, load, cached):
    for name in ("train/cat/a", "train/cat/b", "train/dog/a", "train/dog/b", "test/emu/a"):
        save(folder / "images" / f"{name}.png")
    message = failure(load, cached)
    assert str(folder / "images" / "test" / "emu" / "a.png") in message
    assert "of class 'emu', which has no training image" in message
    assert "there is: cat, dog" in message


def test_too_few_images_to_hold_out(flat, load, cached):
    message = failure(load, cached, held_out=10)
    assert "20 training images; too few to hold out 10 for test and for validation" in message


@pytest.mark.parametrize(
    ("name", "value"),
    [("size", 0), ("channels", 2), ("held_out", 0.0), ("held_out", -1), ("held_out", 2.5)],
)
def test_settings_without_sense_are_refused(load, name, value):
    with pytest.raises(PluginError, match=f"'{name}' is {value}"):
        load("image-folder", **{name: value})
