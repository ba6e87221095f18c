"""Batches are the same wherever the bytes are; streaming is ahead, and leaves nothing behind."""

import gc
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

from bench import objectives, store
from bench.architectures.dcgan import DCGAN
from bench.datasets.base import DataError, Images
from bench.optimizers import adam
from bench.training import placement, streaming
from bench.training.cohort import Cohort
from bench.training.data import batches
from bench.training.placement import budget, place
from bench.training.recipe import Recipe
from bench.training.streaming import HostPicks, Streamed, gather
from bench.training.streams import Streams

CUDA = pytest.param(
    "cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
)
# Ends of the blocks of picks (1,024 batches of 16) and of the streams' draws (8,192) are in them.
ORDERS = {
    "in order": range(40),
    "from the middle": range(1015, 1035),
    "over the end of the draws": range(8185, 8200),
    "backwards": range(20, 0, -1),
    "every third": range(0, 60, 3),
    "again and again": [5, 5, 5, 6, 6, 5, 7],
    "jumps": [0, 1, 2, 3, 900, 901, 902, 4, 5, 0, 20_000, 20_001, 20_002, 2],
}


@pytest.fixture
def images(tmp_path):
    """Images mapped from disk, each with its number in its first two bytes and in its label."""

    def split(name, count):
        content = np.random.default_rng(count).integers(256, size=(count, 3, 4, 5), dtype=np.uint8)
        content[:, 0, 0, 0], content[:, 0, 0, 1] = np.arange(count) % 256, np.arange(count) // 256
        content.tofile(tmp_path / name)
        mapped = np.memmap(tmp_path / name, np.uint8, "r", shape=content.shape)
        return mapped, np.arange(count)

    counts = {"train": 3000, "validation": 700, "test": 10}
    return Images.of("numbered", {name: split(name, count) for name, count in counts.items()})


def streamed(images, ahead=4):
    """Return a stream of batches, what it was made from, and the pool that gathers them."""
    streams = Streams((0, 1), torch.device("cpu"))
    pool = ThreadPoolExecutor(2)
    picks = HostPicks(streams.integers("a", 3000, 8), 8)
    made = Streamed("numbered", images.pixels["train"], picks, streams.device, pool, ahead)
    return made, streams.integers("a", 3000, 8), pool


def gatherers():
    return [thread for thread in threading.enumerate() if thread.name.startswith("images")]


@pytest.fixture
def gathered(monkeypatch):
    """The threads that gathered, in order."""
    seen = []

    def note(*args):
        seen.append(threading.current_thread())
        return gather(*args)

    monkeypatch.setattr(streaming, "gather", note)
    return seen


@pytest.mark.parametrize("device", ["cpu", CUDA])
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("seeds", [(0,), (3, 0, 71)])
def test_streamed_batches_are_those_on_the_device(images, device, order, seeds):
    device = torch.device(device)
    sources = [
        batches(place(images, device, data), "train", "a", 16, Streams(seeds, device))
        for data in ("device", "streamed")
    ]
    for index in ORDERS[order]:
        here, there = (source(index) for source in sources)
        assert here.dtype == torch.float32
        assert here.device.type == there.device.type == device.type
        assert torch.equal(here, there)


@pytest.mark.parametrize("data", ["device", "streamed"])
@pytest.mark.parametrize("split", ["train", "validation"])
def test_batches_are_the_picks_of_their_stream_with_their_labels(images, data, split):
    streams = Streams((4, 2), torch.device("cpu"))
    source = batches(place(images, streams.device, data), split, "a", 16, streams)
    picks = streams.integers(f"a/numbered/{split}", len(images.pixels[split]), 16)
    for index in (0, 1, 2, 3, 4, 5000):
        expected = images.pixels[split][picks(index).numpy()] / np.float32(127.5) - 1
        assert np.abs(source(index).numpy() - expected).max() < 1e-6
        assert torch.equal(source.labels(index), picks(index))


def test_one_pool_and_one_place_serve_many_streams_that_take_turns(images):
    streams = Streams((0, 1), torch.device("cpu"))
    placed = [place(images, streams.device, data) for data in ("device", "streamed")]
    names = [("train", "a"), ("train", "b"), ("validation", "a")]
    first, second = (
        [batches(one, split, name, 8, streams) for split, name in names] for one in placed
    )
    for index in range(30):
        for here, there in zip(first, second, strict=True):
            assert torch.equal(here(index), there(index))


def test_a_cohort_trains_the_same_on_streamed_images():
    digits, device = store.shipped("digits"), torch.device("cpu")
    made = objectives.create(objectives.find()["ragan"], {})
    recipe = Recipe(8, 100, 2, adam(1e-3, 0.5, 0.9), adam(2e-3, 0.0, 0.9))
    cohorts = [
        Cohort(made, DCGAN(latent=5, width=4), dataset, recipe, (0, 1), device)
        for dataset in (digits, place(digits, device), place(digits, device, "streamed"))
    ]
    for cohort in cohorts:
        for _ in range(3):
            cohort.advance()
    first, *others = (cohort.generator.parameters for cohort in cohorts)
    for other in others:
        assert all(torch.equal(first[name], other[name]) for name in first)


def test_batches_asked_for_in_order_are_gathered_ahead(images, gathered):
    made, picks, pool = streamed(images, ahead=4)
    made(0)
    # Who asks for one batch may want no other.
    assert len(gathered) == 1
    batch = made(1)
    pool.shutdown()
    assert len(gathered) == 6
    assert threading.main_thread() not in gathered
    assert torch.equal(batch, gather(images.pixels["train"], picks(1).numpy()))
    # These are there already: nobody is left to gather them.
    made._ahead = 0
    assert torch.equal(made(2), gather(images.pixels["train"], picks(2).numpy()))


def test_picks_are_brought_to_the_host_many_batches_at_a_time():
    stream = Streams((0, 1), torch.device("cpu")).integers("a", 3000, 64)
    asked = []

    def count(index):
        asked.append(index)
        return stream(index)

    picks = HostPicks(count, 64)
    for index in range(200):
        assert np.array_equal(picks(index), stream(index).numpy())
    assert asked == list(range(256))


def test_what_is_not_wanted_any_more_is_forgotten(images):
    made, _, pool = streamed(images, ahead=4)
    for index in (*range(10), 500, 501, 3, 2):
        made(index)
        assert len(made._pending) <= 4
    assert not made._pending
    pool.shutdown()


@pytest.mark.parametrize("spare", [0, 1])
def test_what_exceeds_the_budget_is_streamed(images, monkeypatch, gathered, spare):
    seen = sum(images.pixels[split].nbytes for split in ("train", "validation"))
    monkeypatch.setattr(placement, "budget", lambda device: seen - spare)
    placed = place(images, torch.device("cpu"))
    batches(placed, "train", "a", 8, Streams((0,), torch.device("cpu")))(0)
    assert bool(gathered) == bool(spare)


@pytest.mark.skipif(not Path("/proc/meminfo").exists(), reason="the kernel tells it otherwise")
def test_a_quarter_of_the_memory_is_the_budget():
    """As the kernel tells it, in kilobytes."""
    total = int(Path("/proc/meminfo").read_text(encoding="ascii").split()[1])
    assert budget(torch.device("cpu")) == pytest.approx(total * 1024 / 4, rel=0.01)


@pytest.mark.parametrize("device", ["cpu", CUDA])
@pytest.mark.parametrize("chunk", [1, 1000, 2**26])
def test_a_copy_on_the_device_is_made_part_by_part(images, monkeypatch, device, chunk):
    monkeypatch.setattr(placement, "_CHUNK", chunk)
    pixels = images.pixels["validation"]
    copy = placement._copy(pixels, torch.device(device))
    assert copy.dtype == torch.uint8
    assert np.array_equal(copy.cpu().numpy(), pixels)


@pytest.mark.parametrize("data", ["device", "streamed"])
def test_placed_images_are_the_images_and_the_test_split_is_not_drawn_from(images, data):
    placed = place(images, torch.device("cpu"), data)
    assert isinstance(placed, Images)
    assert placed.pixels is images.pixels
    assert (placed.name, placed.shape, placed.classes) == ("numbered", (3, 4, 5), 3000)
    with pytest.raises(KeyError):
        batches(placed, "test", "a", 8, Streams((0,), torch.device("cpu")))


@pytest.mark.parametrize("error", [OSError, MemoryError, ValueError])
def test_a_batch_that_cannot_be_read_is_named_and_can_be_asked_for_again(
    images, monkeypatch, error
):
    made, picks, pool = streamed(images)
    made(0)
    with monkeypatch.context() as patch:

        def fail(*_):
            raise error("the disk is gone")

        patch.setattr(streaming, "gather", fail)
        with pytest.raises(DataError, match="'numbered': batch 1 cannot be read: the disk is gone"):
            made(1)
    expected = gather(images.pixels["train"], picks(1).numpy())
    assert torch.equal(made(1), expected)
    pool.shutdown()


def test_gatherers_end_with_the_images(images):
    before = len(gatherers())
    placed = place(images, torch.device("cpu"), "streamed", workers=3)
    source = batches(placed, "train", "a", 8, Streams((0,), torch.device("cpu")))
    for index in range(20):
        source(index)
    assert before < len(gatherers()) <= before + 3
    del placed, source
    gc.collect()
    deadline = time.monotonic() + 10
    while len(gatherers()) > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(gatherers()) == before


PROGRAM = """
import numpy as np
import torch
from bench.datasets.base import Images
from bench.training.data import batches
from bench.training.placement import place
from bench.training.streams import Streams

device = torch.device("cpu")
both = np.zeros((1000, 1, 8, 8), np.uint8), np.zeros(1000, np.int64)
images = Images.of("empty", {split: both for split in ("train", "validation", "test")})
placed = place(images, device, "streamed")
source = batches(placed, "train", "a", 4096, Streams((0, 1), device))
for index in range(3):
    source(index)
print("ready", flush=True)
"""


@pytest.mark.parametrize(
    ("end", "code"),
    [("raise SystemExit(3)", 3), ("import os; os.kill(os.getpid(), 9)", -9)],
    ids=["stopped", "killed"],
)
def test_a_run_ends_at_once_with_batches_still_ahead(end, code):
    # Whoever was left behind would hold the pipe, and be waited for.
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM + end], capture_output=True, timeout=60, check=False
    )
    assert done.returncode == code, done.stderr.decode()
    assert done.stdout == b"ready\n"
    assert not done.stderr
