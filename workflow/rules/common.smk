# The study and the plan that it stands for. Imports nothing that needs torch.
import sys
from pathlib import Path
from shlex import quote

# A checkout works without being installed.
sys.path.insert(0, workflow.basedir)

from bench import plan
from bench.config import Study, StudyError

try:
    STUDY = Study.load(config.get("study", "quick"))
except StudyError as error:
    sys.exit(f"bench: {error}")

RESULTS = f"results/{STUDY.name}"
PLAN = plan.make(STUDY, Path(RESULTS))
CELLS = {cell.path: cell for cell in STUDY.cells}
COHORTS = [cohort.folder.as_posix() for cohort in PLAN.cohorts]
DATASETS = STUDY.settings["datasets"]

# Every process has one thread to itself: several threads a process on the same cores make all of
# them ten times slower.
CONDA = "conda" in {str(method) for method in workflow.deployment_settings.deployment_method}
PYTHON = "python" if CONDA else sys.executable
BENCH = (
    f"OMP_NUM_THREADS=1 PYTHONPATH={quote(workflow.basedir)}${{PYTHONPATH:+:$PYTHONPATH}} "
    f"{quote(PYTHON)} -m bench"
)


wildcard_constraints:
    dataset="[^/]+",
    architecture="[^/]+",
    variant="[^/]+",
    seeds="[0-9to+]+",


def cell_of(wildcards):
    return CELLS[f"{wildcards.dataset}/{wildcards.architecture}/{wildcards.variant}"]


def source_of(wildcards):
    """The objective's file: an edit trains again exactly the runs that use it."""
    return cell_of(wildcards).source


def settings_of(wildcards):
    """All that determines a cell's results: a change of any of it trains the cell again."""
    return cell_of(wildcards).settings()


def extractor_of(wildcards):
    """The classifier that measures a dataset's images, if it needs one."""
    path = PLAN.extractor(wildcards.dataset)
    return [] if path is None else path.as_posix()


def extractor_option(wildcards, input):
    return f"--extractor {input.extractor}" if input.extractor else ""
