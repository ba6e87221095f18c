"""Breaks the formulas one place at a time and counts how often a test notices.

    python tests/mutations.py --count 60 --seed 0

Each mutation changes a sign, a factor, a mean for a sum, real for fake, or a comparison in one
place of an objective, a technique or a shared formula, in a copy of the checkout; the tests of
these parts must then fail. Survivors are printed as a diff. Not a test itself: it takes minutes.
"""

import argparse
import ast
import difflib
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TESTS = ["tests/objectives", "tests/techniques", "tests/test_game.py"]
SWAPPED = {
    "real": "fake",
    "fake": "real",
    "real_logits": "fake_logits",
    "fake_logits": "real_logits",
}
OPERATORS = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult}
COMPARISONS = {ast.Lt: ast.Gt, ast.Gt: ast.Lt, ast.LtE: ast.Gt, ast.GtE: ast.Lt}


def sources():
    """Return the files whose formulas are broken."""
    folders = (ROOT / "bench" / name for name in ("objectives", "techniques"))
    files = [path for folder in folders for path in sorted(folder.glob("*.py"))]
    return [path for path in files if path.stem != "__init__"] + [ROOT / "bench" / "calculus.py"]


def places(tree):
    """Return (line, kind, what breaks it) for every place inside a function."""
    return [
        (node.lineno, kind, breaks)
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef) and function.name != "__post_init__"
        for node in ast.walk(function)
        for kind, breaks in changes(node)
    ]


def changes(node):
    """Yield (kind, what breaks the node in place)."""
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
        kind = "sign" if isinstance(node.op, ast.Add | ast.Sub) else "factor"
        yield kind, partial(setattr, node, "op", OPERATORS[type(node.op)]())
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield "sign", partial(setattr, node, "op", ast.UAdd())
    if isinstance(node, ast.Attribute) and node.attr == "mean":
        yield "mean for sum", partial(setattr, node, "attr", "sum")
    if isinstance(node, ast.Attribute) and node.attr in SWAPPED:
        yield "real for fake", partial(setattr, node, "attr", SWAPPED[node.attr])
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in SWAPPED:
        yield "real for fake", partial(setattr, node, "id", SWAPPED[node.id])
    if isinstance(node, ast.Compare) and type(node.ops[0]) in COMPARISONS:
        yield "comparison", partial(setattr, node, "ops", [COMPARISONS[type(node.ops[0])]()])
    if isinstance(node, ast.Constant) and type(node.value) in (int, float) and node.value > 1:
        yield "factor", partial(setattr, node, "value", 3 * node.value)


def candidates():
    """Return every mutation as (path, kind, line, broken source)."""
    found = []
    for path in sources():
        text = path.read_text(encoding="utf-8")
        for number in range(len(places(ast.parse(text)))):
            tree = ast.parse(text)
            line, kind, breaks = places(tree)[number]
            breaks()
            found.append((path, kind, line, ast.unparse(tree)))
    return found


def survives(folder, path, source):
    """Return whether all tests pass with a file broken; the copy is mended afterwards."""
    broken = folder / path.relative_to(ROOT)
    kept = broken.read_text(encoding="utf-8")
    broken.write_text(source, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *TESTS]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(folder)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    broken.write_text(kept, encoding="utf-8")
    if done.returncode not in (0, 1, 2):
        raise RuntimeError(done.stdout + done.stderr)
    return done.returncode == 0


def main():
    """Break, test, count."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    every = candidates()
    chosen = random.Random(options.seed).sample(every, min(options.count, len(every)))
    caught, survived = Counter(), Counter()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "checkout"
        ignored = shutil.ignore_patterns(".git", ".venv", "results", ".snakemake", "*cache*")
        shutil.copytree(ROOT, folder, ignore=ignored)
        for path, kind, line, source in chosen:
            name = f"{path.relative_to(ROOT)}:{line} ({kind})"
            if not survives(folder, path, source):
                caught[kind] += 1
                print(f"caught    {name}", flush=True)
                continue
            survived[kind] += 1
            before = ast.unparse(ast.parse(path.read_text(encoding="utf-8")))
            lines = difflib.unified_diff(before.splitlines(), source.splitlines(), n=0, lineterm="")
            print(f"SURVIVED  {name}", *list(lines)[3:], sep="\n  ", flush=True)
    total = caught + survived
    for kind in sorted(total):
        print(f"{kind}: {caught[kind]} of {total[kind]} caught")
    print(f"{caught.total()} of {total.total()} mutations caught, of {len(every)} possible")
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main())
