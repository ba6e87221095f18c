"""Pictures: files of any mode and size, read safely and brought to one shape.

A file may be anything: cut short, no picture, or a small one that unpacks to gigabytes. Whatever is
wrong with one is a :class:`DataError` of one line that names it.

- A square is cut from the middle, then resized by PIL's bicubic filter, which widens with the
  reduction (it antialiases): Parmar et al. 2022 show what other ways cost in FID.
- Orientation follows EXIF. Of several frames the first counts.
- Transparency is laid on white. Palettes are looked up. CMYK and the like become RGB by PIL's
  plain formula, without colour profiles. RGB becomes grey by the weights of ITU-R 601.
- 16 bits become 8: v/257, rounded, in grey; PIL keeps the high byte of colours.
- Floating-point pixels are refused: no file says what their white is.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bench.datasets.base import Chunks, DataError, Labels, Pixels

if TYPE_CHECKING:
    from PIL.Image import Image

#: Endings of the files that are looked at, as torchvision's ``ImageFolder`` has them, and GIF.
ENDINGS = (
    *(".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp"),
    ".gif",
)
# PIL's other readers are left out: some run programs, and few eyes have been on most.
_FORMATS = ("JPEG", "PNG", "PPM", "BMP", "TIFF", "WEBP", "GIF")
#: Pixels that a picture may have: 8,192 × 8,192, up to 1 GB while it is brought to shape.
PIXELS = 2**26
#: Pictures that are unpacked for one chunk.
_CHUNK = 256


def pictures(
    paths: Sequence[Path], labels: Labels, channels: int, size: int, crop: int = 0
) -> Chunks:
    """Yield pictures, as :func:`picture` reads them, in chunks with their labels."""
    for start in range(0, len(paths), _CHUNK):
        block = [picture(path, channels, size, crop) for path in paths[start : start + _CHUNK]]
        yield np.stack(block), labels[start : start + _CHUNK]


def picture(path: Path, channels: int, size: int, crop: int = 0) -> Pixels:
    """Read one picture.

    Args:
        path: Its file.
        channels: 1 for grey, 3 for red, green and blue.
        size: Height and width of what is returned.
        crop: Side of the square that is cut from the middle; the shorter side of the picture where
            0, or where it is less.

    Returns:
        Bytes, shape ``[channels, size, size]``.

    Raises:
        DataError: The file cannot be read, is no picture or a damaged one, or has more than
            :data:`PIXELS` pixels.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    # PIL warns of what it can read nevertheless, and of sizes that are refused below.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with path.open("rb") as file, Image.open(file, formats=_FORMATS) as image:
                if image.width * image.height > PIXELS:
                    raise Image.DecompressionBombError
                upright = ImageOps.exif_transpose(image)
                return _layers(_square(_plain(upright, channels), size, crop))
        except UnidentifiedImageError:
            known = ", ".join(_FORMATS)
            raise DataError(f"{path} is no picture that can be read ({known})") from None
        except Image.DecompressionBombError:
            message = f"{path} has more than {PIXELS:,} pixels; make it smaller, or take it away"
            raise DataError(message) from None
        # A damaged file makes PIL raise nearly anything: OSError, SyntaxError, struct.error, …
        except Exception as error:
            raise DataError(f"{path} cannot be read: {reason(error)}") from None


def resize(pixels: Pixels, size: int) -> Pixels:
    """Return square images ``[b, C, H, H]``, C of 1 or 3, with ``size`` for H, as above."""
    if pixels.shape[-1] == size:
        return pixels
    from PIL import Image

    layers = np.moveaxis(pixels, 1, -1)
    grey = pixels.shape[1] == 1
    images = (Image.fromarray(np.ascontiguousarray(x[..., 0] if grey else x)) for x in layers)
    return np.stack([_layers(_square(image, size, 0)) for image in images])


def reason(error: Exception) -> str:
    """Return what an exception says, in one line."""
    said = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(str(said).split())


def _plain(image: Image, channels: int) -> Image:
    """Return the picture in mode L or RGB."""
    from PIL import Image

    mode = "L" if channels == 1 else "RGB"
    if image.mode.startswith("I"):
        values = np.asarray(image)
        if values.min() < 0 or values.max() > 65535:
            raise ValueError(f"its pixels are {values.min()} to {values.max()}, not 16 bits")
        return Image.fromarray(np.rint(values / 257).astype(np.uint8)).convert(mode)
    if image.mode == "F":
        raise ValueError("its pixels are floating-point numbers; bytes are needed")
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        layered = image.convert("RGBA")
        white = Image.new("RGBA", layered.size, "white")
        image = Image.alpha_composite(white, layered)
    if image.mode not in ("1", "L"):
        image = image.convert("RGB")
    return image.convert(mode)


def _square(image: Image, size: int, crop: int) -> Image:
    from PIL import Image

    side = min(crop or image.width, *image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    square = image.crop((left, top, left + side, top + side))
    return square if side == size else square.resize((size, size), Image.Resampling.BICUBIC)


def _layers(image: Image) -> Pixels:
    array = np.asarray(image, np.uint8)
    return np.ascontiguousarray(np.moveaxis(np.atleast_3d(array), -1, 0))
