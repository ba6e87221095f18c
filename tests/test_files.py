"""Files appear whole or not at all."""

import json

import pytest

from bench.files import whole, write_json


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "folder" / "table.csv"
    with whole(path) as temporary:
        temporary.write_text("old")
    with pytest.raises(ZeroDivisionError), whole(path) as temporary:
        temporary.write_text("half of the n" * (1 // 0))
    assert path.read_text() == "old"
    assert [entry.name for entry in path.parent.iterdir()] == ["table.csv"]


def test_the_new_file_is_not_there_before_its_end(tmp_path):
    path = tmp_path / "new.json"
    with whole(path) as temporary:
        temporary.write_text("{}")
        assert not path.exists()
    assert path.exists()


def test_json_has_no_nan(tmp_path):
    write_json(tmp_path / "fine.json", {"a": [1, "ü"]})
    assert json.loads((tmp_path / "fine.json").read_text()) == {"a": [1, "ü"]}
    with pytest.raises(ValueError, match="Out of range"):
        write_json(tmp_path / "bad.json", float("nan"))
    assert not (tmp_path / "bad.json").exists()
