"""CelebA, from a few faces in its own layout: lists, and images of 178×218."""

import zipfile

import numpy as np
import pytest
from PIL import Image

from bench.datasets.base import DataError

PARTS = {"train": 6, "validation": 3, "test": 2}
COUNT = sum(PARTS.values())


def face(index):
    """A picture whose middle square of side 108 is of one colour, on black."""
    array = np.zeros((218, 178, 3), np.uint8)
    array[55:163, 35:143] = [20 * index, 255 - 20 * index, 128]
    return array


def write(folder, monkeypatch, digest, unpacked=True):
    from torchvision import datasets

    base = folder / "celeba"
    base.mkdir()
    names = [f"{index + 1:06}.jpg" for index in range(COUNT)]
    parts = np.repeat(np.arange(3), list(PARTS.values()))
    partition = "".join(f"{name} {part}\n" for name, part in zip(names, parts, strict=True))
    (base / "list_eval_partition.txt").write_text(partition)
    rows = "".join(f"{name}  {1 if i % 2 else -1} -1\n" for i, name in enumerate(names))
    (base / "list_attr_celeba.txt").write_text(f"{COUNT}\nSmiling Young \n{rows}")
    images = base / "img_align_celeba"
    images.mkdir()
    for index, name in enumerate(names):
        Image.fromarray(face(index)).save(images / name, quality=95)
    archive = base / "img_align_celeba.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for name in names:
            file.write(images / name, f"img_align_celeba/{name}")
    listed = [
        (identity, digest(base / name) if (base / name).exists() else md5, name)
        for identity, md5, name in datasets.CelebA.file_list
    ]
    monkeypatch.setattr(datasets.CelebA, "file_list", listed)
    if unpacked:
        archive.unlink()
    else:
        for path in images.iterdir():
            path.unlink()
        images.rmdir()
    return base


def test_splits_are_the_published_ones(folder, load, monkeypatch, digest):
    write(folder, monkeypatch, digest)
    images = load("celeba", crop=108)
    assert images.shape == (3, 64, 64)
    assert {split: len(of) for split, of in images.pixels.items()} == PARTS
    assert not np.concatenate(list(images.labels.values())).any()
    pixels = np.concatenate([images.pixels[split] for split in PARTS]).astype(int)
    for index in range(COUNT):
        # The crop is the block, and nothing but it; its rim has what JPEG leaves of an edge.
        expected = np.array([20 * index, 255 - 20 * index, 128])[:, None, None]
        assert np.abs(pixels[index] - expected)[:, 4:-4, 4:-4].max() <= 6
        assert np.abs(pixels[index] - expected).mean() < 4


def test_the_usual_crop_keeps_the_full_width(folder, load, monkeypatch, digest):
    write(folder, monkeypatch, digest)
    images = load("celeba", size=178)
    expected = face(0)[20:198].transpose(2, 0, 1).astype(int)
    assert np.abs(images.pixels["train"][0] - expected).mean() < 4


def test_an_attribute_is_the_label(folder, load, monkeypatch, digest):
    write(folder, monkeypatch, digest)
    labels = load("celeba", attribute="Smiling").labels
    assert np.concatenate([labels[split] for split in PARTS]).tolist() == [
        index % 2 for index in range(COUNT)
    ]
    with pytest.raises(DataError, match="no attribute 'Smilling'; it has Smiling, Young"):
        load("celeba", attribute="Smilling")


def test_an_image_that_is_missing_or_damaged_is_named(folder, load, monkeypatch, digest, cached):
    images = write(folder, monkeypatch, digest) / "img_align_celeba"
    content = (images / "000004.jpg").read_bytes()
    (images / "000004.jpg").write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match=r"000004.jpg cannot be read: .*truncated"):
        load("celeba")
    (images / "000004.jpg").unlink()
    with pytest.raises(DataError, match=r"there is no \S*000004.jpg; put"):
        load("celeba")
    assert not cached()


def test_an_archive_that_is_there_is_unpacked(folder, load, source, monkeypatch, digest):
    base = write(folder, monkeypatch, digest, unpacked=False)
    celeba = source("celeba")
    celeba.download(folder)
    assert len(list((base / "img_align_celeba").iterdir())) == COUNT
    assert load("celeba").shape == (3, 64, 64)


def test_an_archive_that_was_unpacked_in_part_is_unpacked_again(
    folder, load, source, monkeypatch, digest
):
    base = write(folder, monkeypatch, digest, unpacked=False)
    source("celeba").download(folder)
    images = base / "img_align_celeba"
    (images / "000011.jpg").unlink()
    whole = (images / "000010.jpg").read_bytes()
    (images / "000010.jpg").write_bytes(whole[:100])
    source("celeba").download(folder)
    assert (images / "000010.jpg").read_bytes() == whole
    assert load("celeba").labels["test"].shape == (2,)


def test_a_refusal_of_google_drive_is_one_line(folder, source, monkeypatch):
    from torchvision.datasets import utils

    def refuse(*_):
        raise RuntimeError("Too many users have viewed\n\tthis file recently")

    monkeypatch.setattr(utils, "download_file_from_google_drive", refuse)
    with pytest.raises(DataError) as error:
        source("celeba").download(folder)
    message = str(error.value)
    assert "\n" not in message
    assert "Too many users have viewed this file recently" in message
    assert "img_align_celeba.zip" in message
    assert str(folder / "celeba") in message


@pytest.mark.parametrize("crop", [0, 179])
def test_a_crop_fits_the_images(source, crop):
    with pytest.raises(ValueError, match="must be from 1 to 178"):
        source("celeba", crop=crop)
