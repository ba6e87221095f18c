"""What the study quick must show on every machine: all runs there, controls in their order."""

import csv
import json
from pathlib import Path

RESULTS = Path("results/quick")
manifest = json.loads((RESULTS / "manifest.json").read_text())
counts = {key: manifest[key] for key in ("expected", "finished", "diverged", "failed")}
seconds = sum(run["seconds"] for run in manifest["runs"])
print(f"quick: {counts}, {seconds:.0f} s of one core in all runs")
assert counts["expected"] == counts["finished"] + counts["diverged"], counts

with (RESULTS / "report" / "tables" / "controls.csv").open() as file:
    rows = list(csv.DictReader(file))
wrong = [row for row in rows if row["verdict"] == "wrong"]
right = [row for row in rows if row["verdict"] == "ok"]
# Three datasets, each with several metrics and controls.
assert len(right) > 60, len(right)
assert not wrong, wrong
print(f"quick: every metric ranks real data before the controls that it must see ({len(right)})")
