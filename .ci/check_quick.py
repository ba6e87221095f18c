"""What the study quick must show on every machine: all runs there, controls at the two ends."""

import csv
import json
from pathlib import Path

RESULTS = Path("results/quick")
manifest = json.loads((RESULTS / "manifest.json").read_text())
counts = {key: manifest[key] for key in ("expected", "finished", "diverged", "failed")}
seconds = sum(run["seconds"] for run in manifest["runs"])
print(f"quick: {counts}, {seconds:.0f} s of one core in all runs")
assert counts["expected"] == counts["finished"] + counts["diverged"], counts

with (RESULTS / "metrics.csv").open() as file:
    rows = [row for row in csv.DictReader(file) if row["objective"] == "control"]
for dataset in manifest["datasets"]:
    here = [row for row in rows if row["dataset"] == dataset]
    for metric, protocol in sorted({(row["metric"], row["protocol"]) for row in here}):
        value = {}
        for row in here:
            if (row["metric"], row["protocol"]) == (metric, protocol):
                value.setdefault(row["variant"], []).append(float(row["value"]))
        mean = {variant: sum(values) / len(values) for variant, values in value.items()}
        sign = -1 if metric in ("modes", "modes_any", "high_quality", "precision", "recall") else 1
        real, worst = sign * mean["held-out-real"], sign * mean["untrained"]
        assert real < worst, (dataset, metric, protocol, mean)
        assert real <= sign * mean["modes-removed"] or metric in ("high_quality", "precision"), mean
print("quick: real data and the untrained generator are at the two ends of every metric")
