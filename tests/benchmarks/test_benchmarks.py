"""The benchmark scripts run, and the ways that they time agree."""

import runpy
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def test_frechet_distances_side_by_side(capsys):
    script = runpy.run_path(str(HERE / "frechet.py"))
    script["main"](["--dimensions", "32", "16", "--repeats", "2"])
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    values = [
        float(row[-1]) for row in rows if row and row[0] in ("bench", "torch-fidelity", "scipy")
    ]
    assert len(values) == 6
    assert values[:3] == pytest.approx([values[0]] * 3, rel=1e-8)
    assert values[3:] == pytest.approx([values[3]] * 3, rel=1e-8)
    assert values[0] != pytest.approx(values[3], rel=1e-2)
