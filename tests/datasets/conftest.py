"""Sources as a study loads them: by name, from files in a folder, into a cache."""

import hashlib
import struct
import zlib

import pytest

from bench import datasets, store
from bench.plugins import Part


@pytest.fixture
def folder(tmp_path):
    """The folder of downloaded files, empty."""
    path = tmp_path / "data"
    path.mkdir()
    return path


@pytest.fixture
def load(tmp_path, folder):
    """Return a function that loads a dataset; it reads ``folder`` when nothing is in the cache."""

    def load(name, **settings):
        part = Part(name, str(datasets.find()[name]), settings)
        return store.load(part, "data", tmp_path / "cache", folder)

    return load


@pytest.fixture
def cached(tmp_path):
    """Return a function that lists what is in the cache, apart from locks."""

    def cached():
        paths = (tmp_path / "cache").glob("*") if (tmp_path / "cache").exists() else ()
        return sorted(path.name for path in paths if path.suffix != ".lock")

    return cached


@pytest.fixture
def source():
    """Return a function that makes a source as a study does."""
    return lambda name, **settings: datasets.create(name, **settings)


@pytest.fixture
def digest():
    """Return a function that computes a file's MD5 digest, as torchvision's lists have it."""
    return lambda path: hashlib.md5(path.read_bytes()).hexdigest()


@pytest.fixture
def huge():
    """Return a function that makes a PNG which says it is that wide and high, and holds nothing."""

    def chunk(kind, data):
        crc = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + crc

    def huge(side):
        header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
        parts = [(b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 99)), (b"IEND", b"")]
        return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)

    return huge
