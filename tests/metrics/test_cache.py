"""Tensors kept in files: the same ones, whole or not at all, computed once."""

import threading

import pytest
import torch
from safetensors.torch import load_file, save_file

from bench.metrics import cache
from bench.metrics.cache import Cache

TENSORS = {
    "values": torch.arange(6, dtype=torch.float32).reshape(2, 3),
    "scalar": torch.tensor(0.1, dtype=torch.float64),
    "nothing": torch.empty(0),
    "classes": torch.tensor([3, 1]),
}
KEY = {"data": "abc", "count": 300}


def same(found, expected=TENSORS):
    assert set(found) == set(expected)
    for name, tensor in expected.items():
        assert found[name].dtype == tensor.dtype
        assert torch.equal(found[name], tensor)


def never():
    pytest.fail("computed again")


@pytest.mark.parametrize("kept", [True, False])
def test_what_was_computed_comes_back(tmp_path, kept):
    made = Cache(tmp_path if kept else None)
    same(made.get("name", KEY, lambda: TENSORS))
    if kept:
        same(made.get("name", KEY, never))
        (path,) = tmp_path.glob("*.safetensors")
        assert path.name == f"name-{cache.digest(KEY)}.safetensors"
        # Any program can read it.
        same(load_file(path))


def test_any_change_of_the_key_is_another_file(tmp_path):
    keys = [KEY, {**KEY, "data": "abd"}, {**KEY, "count": 301}, {**KEY, "more": None}]
    for number, key in enumerate(keys):
        Cache(tmp_path).get("name", key, lambda n=number: {"x": torch.tensor(n)})
    assert len(list(tmp_path.glob("*.safetensors"))) == len(keys)
    for number, key in enumerate(keys):
        assert Cache(tmp_path).get("name", key, never)["x"] == number
    assert cache.digest({"b": 1, "a": 2}) == cache.digest({"a": 2, "b": 1})


@pytest.mark.parametrize("cut", [0, 5, 100, -1])
def test_a_truncated_file_is_rebuilt(tmp_path, cut):
    path = Cache(tmp_path).file("name", KEY, lambda: (TENSORS, {}))
    content = path.read_bytes()
    path.write_bytes(content[:cut])
    with pytest.raises(ValueError, match="damaged"):
        cache.read(path)
    same(Cache(tmp_path).get("name", KEY, lambda: TENSORS))
    assert path.read_bytes() == content


def test_changed_content_is_noticed_and_rebuilt(tmp_path):
    path = Cache(tmp_path).file("name", KEY, lambda: (TENSORS, {}))
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(ValueError, match="not what was written"):
        cache.read(path)
    same(Cache(tmp_path).get("name", KEY, lambda: TENSORS))
    # Nor is a file of somebody else's taken for it.
    save_file(TENSORS, path)
    same(Cache(tmp_path).get("name", KEY, lambda: TENSORS))
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    "other",
    [
        {"y": torch.zeros(2)},
        {"x": torch.zeros(3)},
        {"x": torch.zeros(2, dtype=torch.float64)},
        {"x": torch.zeros(1, 2)},
        {"x": torch.tensor([0, -0.0])},
        {"x": torch.zeros(2), "y": torch.empty(0)},
    ],
)
def test_the_checksum_sees_names_types_shapes_and_bits(other):
    assert cache.checksum(other) != cache.checksum({"x": torch.zeros(2)})


def test_a_failure_leaves_nothing(tmp_path):
    def fail():
        raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        Cache(tmp_path).get("name", KEY, fail)
    assert not list(tmp_path.glob("*.safetensors"))
    same(Cache(tmp_path).get("name", KEY, lambda: TENSORS))


def test_of_many_at_once_one_computes(tmp_path):
    counted, found, start = [], [], threading.Barrier(4)

    def compute():
        counted.append(1)
        return TENSORS

    def work():
        start.wait()
        found.append(Cache(tmp_path).get("name", KEY, compute))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(counted) == 1
    for tensors in found:
        same(tensors)
