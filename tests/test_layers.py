"""Dependencies point one way, and what needs no torch does not import it."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "bench"

# What each part may import of ours; a part is a folder or a module.
ALLOWED = {
    "files": set(),
    "messages": set(),
    "optimizers": set(),
    "provenance": {"__init__"},
    "records": {"files"},
    "datasets": {"datasets", "plugins"},
    "lineage": set(),
    "plugins": {"lineage", "messages"},
    "store": {"datasets", "plugins", "files"},
    "cells": {"architectures", "datasets", "plugins"},
    "components": {"plugins"},
    "calculus": {"components"},
    "objectives": {"objectives", "components", "calculus", "optimizers", "plugins"},
    "techniques": {"techniques", "objectives", "components", "calculus", "plugins"},
    "game": {"objectives", "techniques", "components", "plugins"},
    "layers": {"layers"},
    "architectures": {"architectures", "layers", "plugins"},
    "metrics": {"metrics", "datasets", "records", "files"},
    "schema": {"messages"},
    "studies": {"messages"},
    "search": {"studies"},
    # It names the study's type, and is called by the study.
    "checks": {
        *("config", "studies", "calibration", "optimizers", "plugins"),
        "messages",
    },
    "config": {
        *("schema", "studies", "search", "checks", "game", "objectives", "techniques", "plugins"),
        *("architectures", "datasets", "cells", "messages"),
    },
    "plan": {"cells", "config"},
    "analysis": {"analysis", "records"},
    "report": {"report", "analysis", "records", "files"},
    "training": {
        *("training", "game", "objectives", "techniques", "components", "calculus"),
        *("architectures", "layers", "datasets", "metrics"),
        *("optimizers", "cells", "config", "records", "files", "provenance"),
    },
    "conformance": {
        *("conformance", "training", "objectives", "architectures", "datasets"),
        *("metrics", "optimizers", "plugins"),
    },
    "starter": {"objectives"},
    "manifest": {"config", "plan", "datasets", "objectives", "records", "files", "provenance"},
    "listing": {
        *("studies", "architectures", "datasets", "objectives", "techniques", "plugins", "records"),
    },
    "calibration": {
        *("calibration", "training", "game", "objectives", "components", "calculus"),
        *("architectures", "datasets", "optimizers", "files"),
    },
}


def part_of(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == "bench":
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("bench."):
            yield node.module.split(".")[1]
        elif isinstance(node, ast.Import):
            names = (alias.name.split(".") for alias in node.names)
            yield from (name[1] for name in names if name[0] == "bench" and len(name) > 1)


@pytest.mark.parametrize("part", sorted(ALLOWED))
def test_a_part_imports_only_what_stands_below_it(part):
    paths = [path for path in PACKAGE.rglob("*.py") if part_of(path) == part]
    assert paths
    for path in paths:
        found = {name.replace("__version__", "__init__") for name in imported(path)}
        assert found <= ALLOWED[part], path


def test_every_part_has_its_rule():
    parts = {part_of(path) for path in PACKAGE.rglob("*.py")}
    assert parts - {"__init__", "__main__", "cli", "verbs"} == set(ALLOWED)


def test_an_objective_imports_torch_and_base_alone():
    for path in (PACKAGE / "objectives").glob("*.py"):
        if path.stem in ("__init__", "base"):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module.startswith("bench"):
                assert node.module == "bench.objectives.base", path


@pytest.mark.parametrize(
    "program",
    [
        "import bench.cli",
        "import bench.analysis.tables, bench.report.page",
        # A study that sets hyper-parameters has to ask the objective; this one does not.
        "from bench.config import Study; from bench import plan; from pathlib import Path\n"
        "assert plan.make(Study.load('tests/studies/plain.yaml'), Path('nowhere')).cohorts",
    ],
)
def test_no_torch_where_none_is_needed(program):
    check = f"import sys\n{program}\nassert 'torch' not in sys.modules, 'torch is imported'"
    subprocess.run([sys.executable, "-c", check], check=True, cwd=PACKAGE.parent)
