"""Downloads: from a server of the test's own, cut short, damaged, refused or not there."""

import gc
import gzip
import hashlib
import http.server
import struct
import threading
import urllib.error
import warnings

import numpy as np
import pytest

from bench.datasets.base import DataError

HALVES = {"train": 40, "t10k": 20}


def content():
    """Return the four packed files of a small MNIST by name."""
    files = {}
    for half, count in HALVES.items():
        for name, shape in {"images-idx3": (count, 28, 28), "labels-idx1": (count,)}.items():
            array = (np.arange(np.prod(shape)) % 10).astype(np.uint8)
            head = struct.pack(f">HBB{len(shape)}I", 0, 8, len(shape), *shape)
            files[f"{half}-{name}-ubyte.gz"] = gzip.compress(head + array.tobytes(), mtime=0)
    return files


@pytest.fixture
def server(monkeypatch):
    """Serve MNIST's files on this machine, in place of its mirrors; yield them, to be changed."""
    from torchvision import datasets

    served, asked = content(), []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            name = self.path.rpartition("/")[2]
            asked.append(name)
            if name not in served:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(served[name])))
            self.end_headers()
            self.wfile.write(served[name])

        def log_message(self, *_):
            pass

    listed = [
        (name, hashlib.md5(packed).hexdigest())
        for name, packed in sorted(served.items(), reverse=True)
    ]
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.02,))
        thread.start()
        mirror = f"http://127.0.0.1:{running.server_address[1]}/"
        monkeypatch.setattr(datasets.MNIST, "mirrors", [mirror])
        monkeypatch.setattr(datasets.MNIST, "resources", listed)
        served["asked"] = asked
        yield served
        running.shutdown()
        thread.join()
    # What the library leaves open of a refused download is collected here, not in another test.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def test_what_is_missing_is_fetched_and_then_there(folder, source, server, load):
    source("mnist").download(folder)
    assert set(server["asked"]) == set(content())
    images = load("mnist", held_out=10)
    assert images.labels["test"].tolist() == [index % 10 for index in range(20)]
    server["asked"].clear()
    source("mnist").download(folder)
    assert not server["asked"]


def test_what_is_there_and_whole_is_left_alone(folder, source, server):
    raw = folder / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for name, packed in content().items():
        (raw / name).write_bytes(packed)
    source("mnist").download(folder)
    assert not server["asked"]


def test_an_unpacked_file_that_was_cut_short_is_made_again(folder, source, server, load):
    source("mnist").download(folder)
    path = folder / "MNIST" / "raw" / "train-images-idx3-ubyte"
    whole = path.read_bytes()
    path.write_bytes(whole[:-100])
    source("mnist").download(folder)
    assert path.read_bytes() == whole


def test_a_packed_file_that_was_cut_short_is_fetched_again(folder, source, server, load):
    raw = folder / "MNIST" / "raw"
    raw.mkdir(parents=True)
    (raw / "train-images-idx3-ubyte.gz").write_bytes(content()["train-images-idx3-ubyte.gz"][:50])
    source("mnist").download(folder)
    assert len(load("mnist", held_out=10).pixels["train"]) == 30


@pytest.mark.parametrize("served", [b"<html>quota</html>", None], ids=["another file", "none"])
def test_what_a_server_gives_instead_is_not_taken(folder, source, server, load, served):
    if served is None:
        del server["t10k-images-idx3-ubyte.gz"]
    else:
        server["t10k-images-idx3-ubyte.gz"] = served
    with pytest.raises(DataError) as error:
        source("mnist").download(folder)
    message = str(error.value)
    assert "\n" not in message
    assert "MNIST cannot be fetched" in message
    assert f"into {folder / 'MNIST' / 'raw'}" in message
    with pytest.raises(DataError, match="t10k-images-idx3-ubyte"):
        load("mnist", held_out=10)


@pytest.mark.parametrize(
    "name", ["mnist", "fashion-mnist", "kmnist", "cifar10", "cifar100", "svhn", "stl10"]
)
def test_without_a_network_one_line_says_what_to_put_where(folder, source, monkeypatch, name):
    def offline(*_, **__):
        raise urllib.error.URLError("no route\nto host")

    monkeypatch.setattr("urllib.request.urlopen", offline)
    wanted = source(name)
    with pytest.raises(DataError) as error:
        wanted.download(folder)
    message = str(error.value)
    assert "\n" not in message
    assert "no route to host" in message
    assert all(file.rpartition("/")[2] in message for file in wanted.files())
    assert str(folder) in message


def test_files_that_are_damaged_after_unpacking_are_noticed(folder, source, monkeypatch):
    from torchvision import datasets

    # torchvision checks STL-10's archive, and takes what comes out of it for good.
    monkeypatch.setattr(datasets.STL10, "__init__", lambda *_, **__: None)
    base = folder / "stl10_binary"
    base.mkdir()
    (base / "unlabeled_X.bin").write_bytes(b"half")
    with pytest.raises(DataError, match=r"unlabeled_X.bin is damaged"):
        source("stl10").download(folder)


def test_the_limit_of_patience_is_taken_back(folder, source, monkeypatch):
    import socket

    seen = []
    monkeypatch.setattr(
        "bench.datasets.shared.idx.Idx.fetch", lambda *_: seen.append(socket.getdefaulttimeout())
    )
    with pytest.raises(DataError):
        source("mnist").download(folder)
    assert seen == [60.0]
    assert socket.getdefaulttimeout() is None
