"""Pictures of every mode come out as the right bytes; what is none gets one line."""

import numpy as np
import pytest
from PIL import Image

from bench.datasets.base import DataError
from bench.datasets.shared import pictures
from bench.datasets.shared.pictures import picture, resize

RED, GREY = [200, 30, 60], 128


def save(path, array, mode=None, **options):
    image = Image.fromarray(np.asarray(array, np.uint8))
    (image.convert(mode) if mode else image).save(path, **options)
    return path


def plain(colour=RED, shape=(20, 20)):
    return np.full((*shape, 3), colour, np.uint8)


def test_bytes_are_those_of_the_file(tmp_path):
    array = np.random.default_rng(0).integers(0, 256, (9, 9, 3), dtype=np.uint8)
    path = save(tmp_path / "a.png", array)
    assert np.array_equal(picture(path, 3, 9), array.transpose(2, 0, 1))
    assert picture(path, 3, 9).flags.c_contiguous


def test_the_middle_square_is_cut(tmp_path):
    array = np.zeros((40, 100, 3), np.uint8)
    array[:, 30:70] = RED
    path = save(tmp_path / "wide.png", array)
    assert (picture(path, 3, 10) == np.array(RED)[:, None, None]).all()
    path = save(tmp_path / "tall.png", array.transpose(1, 0, 2))
    assert (picture(path, 3, 10) == np.array(RED)[:, None, None]).all()
    array[10:30, 40:60] = 255
    assert (picture(save(tmp_path / "crop.png", array), 3, 5, crop=20) == 255).all()


def test_resizing_averages_what_it_leaves_out(tmp_path):
    # Stripes a pixel wide become grey; picking pixels would leave black or white.
    array = np.zeros((64, 64, 3), np.uint8)
    array[:, ::2] = 254
    small = picture(save(tmp_path / "stripes.png", array), 3, 16)
    assert np.abs(small.astype(int)[:, :, 2:-2] - 127).max() <= 4


def test_a_small_picture_is_enlarged(tmp_path):
    path = save(tmp_path / "small.png", plain(shape=(2, 3)))
    assert (picture(path, 3, 8) == np.array(RED)[:, None, None]).all()


@pytest.mark.parametrize("channels", [1, 3])
def test_arrays_are_resized_as_pictures_are(tmp_path, channels):
    array = np.random.default_rng(0).integers(0, 256, (3, channels, 24, 24), dtype=np.uint8)
    resized = resize(array, 10)
    assert resized.shape == (3, channels, 10, 10)
    for one, image in zip(resized, array, strict=True):
        path = save(tmp_path / "a.png", image[0] if channels == 1 else image.transpose(1, 2, 0))
        assert np.array_equal(picture(path, channels, 10), one)
    assert resize(array, 24) is array


LUMA = 0.299 * RED[0] + 0.587 * RED[1] + 0.114 * RED[2]


@pytest.mark.parametrize(
    ("mode", "ending", "tolerance"),
    [
        ("RGB", "png", 0),
        ("RGB", "bmp", 0),
        ("RGB", "ppm", 0),
        ("RGB", "tif", 0),
        ("RGB", "jpg", 3),
        ("RGB", "webp", 8),
        ("RGBA", "png", 0),
        ("P", "png", 0),
        ("P", "gif", 0),
        ("CMYK", "jpg", 4),
        ("CMYK", "tif", 1),
        ("YCbCr", "jpg", 3),
        ("YCbCr", "tif", 3),
    ],
)
def test_colours_are_the_same_in_every_mode(tmp_path, mode, ending, tolerance):
    path = tmp_path / f"a.{ending}"
    image = Image.fromarray(plain())
    if mode == "P":
        image.convert("P", palette=Image.Palette.ADAPTIVE).save(path)
    else:
        image.convert(mode).save(path)
    colour = picture(path, 3, 8).astype(int)
    assert colour.shape == (3, 8, 8)
    assert np.abs(colour - np.array(RED)[:, None, None]).max() <= tolerance
    grey = picture(path, 1, 8).astype(int)
    assert grey.shape == (1, 8, 8)
    assert np.abs(grey - LUMA).max() <= tolerance + 1


@pytest.mark.parametrize("mode", ["L", "LA", "1"])
def test_grey_becomes_three_equal_channels(tmp_path, mode):
    level = 255 if mode == "1" else GREY
    path = save(tmp_path / "a.png", np.full((8, 8), level), mode)
    assert (picture(path, 3, 8) == level).all()
    assert (picture(path, 1, 8) == level).all()


@pytest.mark.parametrize("ending", ["png", "tif", "pgm"])
def test_sixteen_bits_become_eight(tmp_path, ending):
    levels = np.array([[0, 257], [128 * 257 + 100, 65535]], np.uint16)
    path = tmp_path / f"a.{ending}"
    Image.fromarray(levels).save(path)
    assert picture(path, 1, 2)[0].tolist() == [[0, 1], [128, 255]]
    assert picture(path, 3, 2)[2].tolist() == [[0, 1], [128, 255]]


def test_transparency_is_laid_on_white(tmp_path):
    array = np.zeros((8, 8, 4), np.uint8)
    array[..., :3] = RED
    array[:, 4:, 3] = 255
    array[:, :2, 3] = 51
    image = picture(save(tmp_path / "a.png", array), 3, 8).astype(int)
    assert (image[:, :, 4:] == np.array(RED)[:, None, None]).all()
    assert (image[:, :, 2:4] == 255).all()
    faint = 0.8 * 255 + 0.2 * np.array(RED)
    assert np.abs(image[:, :, :2] - faint[:, None, None]).max() <= 1


@pytest.mark.parametrize("mode", ["P", "L", "RGB"])
def test_a_transparent_colour_is_laid_on_white(tmp_path, mode):
    path = tmp_path / "a.png"
    image = Image.fromarray(np.zeros((8, 8), np.uint8)).convert(mode)
    image.save(path, transparency=(0, 0, 0) if mode == "RGB" else 0)
    assert (picture(path, 3, 8) == 255).all()


def test_orientation_follows_exif(tmp_path):
    array = np.zeros((8, 8, 3), np.uint8)
    array[:4] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # Turn by 90 degrees, clockwise, to see it upright.
    path = save(tmp_path / "a.png", array, exif=exif)
    upright = picture(path, 1, 8)[0]
    assert (upright[:, 4:] == 255).all()
    assert (upright[:, :4] == 0).all()


def one_line(path, channels=3):
    with pytest.raises(DataError) as error:
        picture(path, channels, 8)
    message = str(error.value)
    assert "\n" not in message
    assert message.startswith(str(path))
    return message


# The first is past PIL's own limit, the second past its warning, the third below both.
@pytest.mark.parametrize("side", [30_000, 10_000, 8_200])
def test_a_picture_with_too_many_pixels_is_not_unpacked(tmp_path, side, monkeypatch, huge):
    path = tmp_path / "bomb.png"
    path.write_bytes(huge(side))
    monkeypatch.setattr(Image.Image, "load", lambda *_: pytest.fail("unpacked"))
    assert "more than 67,108,864 pixels" in one_line(path)


def test_a_picture_as_large_as_allowed_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(pictures, "PIXELS", 400)
    assert picture(save(tmp_path / "a.png", plain()), 3, 8).shape == (3, 8, 8)
    monkeypatch.setattr(pictures, "PIXELS", 399)
    assert "more than 399 pixels" in one_line(tmp_path / "a.png")


def test_a_text_file_is_no_picture(tmp_path):
    path = tmp_path / "note.jpg"
    path.write_text("not found")
    assert "no picture that can be read" in one_line(path)
    path.write_bytes(b"")
    assert "no picture that can be read" in one_line(path)


def test_a_program_for_a_printer_is_not_run(tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n")
    assert "no picture that can be read" in one_line(path)


@pytest.mark.parametrize("ending", ["png", "jpg", "gif", "tif", "webp", "bmp"])
def test_a_picture_that_is_cut_short_is_named(tmp_path, ending):
    noise = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    path = save(tmp_path / f"a.{ending}", noise)
    content = path.read_bytes()
    for share in (0.2, 0.5, 0.8):
        path.write_bytes(content[: int(share * len(content))])
        one_line(path)


def test_damage_of_any_kind_ends_in_a_picture_or_a_line(tmp_path):
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (12, 12, 3), dtype=np.uint8)
    for ending in ("png", "jpg", "gif", "tif", "webp", "bmp", "ppm"):
        path = save(tmp_path / f"a.{ending}", noise)
        content = path.read_bytes()
        for _ in range(60):
            damaged = bytearray(content)
            for place in rng.integers(0, len(content), 4):
                damaged[place] = rng.integers(256)
            path.write_bytes(damaged)
            try:
                read = picture(path, 3, 8)
            except DataError:
                one_line(path)
            else:
                assert read.shape == (3, 8, 8)


def test_floating_point_pixels_are_refused(tmp_path):
    Image.fromarray(np.ones((8, 8), np.float32)).save(tmp_path / "a.tif")
    assert "floating-point" in one_line(tmp_path / "a.tif")
    Image.fromarray(np.full((8, 8), 70_000, np.int32)).save(tmp_path / "b.tif")
    assert "not 16 bits" in one_line(tmp_path / "b.tif")


def test_what_may_not_be_read_is_named(tmp_path, monkeypatch):
    path = save(tmp_path / "a.png", plain())

    def refuse(self, *_):
        raise PermissionError(13, "Permission denied", str(self))

    # Not by its permissions: a superuser would read it nevertheless.
    monkeypatch.setattr(type(path), "open", refuse)
    assert one_line(path) == f"{path} cannot be read: Permission denied"


def test_chunks_hold_what_is_asked_for_in_order(tmp_path, monkeypatch):
    monkeypatch.setattr(pictures, "_CHUNK", 3)
    paths = [save(tmp_path / f"{index}.png", plain([index] * 3)) for index in range(7)]
    chunks = list(pictures.pictures(paths, np.arange(7), 1, 4))
    assert [len(images) for images, _ in chunks] == [3, 3, 1]
    images = np.concatenate([images for images, _ in chunks])
    assert images[:, 0, 0, 0].tolist() == list(range(7))
    assert np.concatenate([labels for _, labels in chunks]).tolist() == list(range(7))
