# The study and the plan that it stands for.
#
# Planning needs no torch, unless the study sets hyper-parameters, which only objectives can check.
import json
import sys
from dataclasses import asdict
from pathlib import Path
from shlex import quote

# A checkout works without being installed.
sys.path.insert(0, workflow.basedir)

from bench import architectures, datasets, plan
from bench.config import Study
from bench.datasets.base import DataError, ImageSource
from bench.messages import unknown
from bench.studies import StudyError

for key in config:
    if key != "study":
        sys.exit(f"bench: --config: {unknown('key', key, ['study'])}")
try:
    STUDY = Study.load(config.get("study", "quick"))
except StudyError as error:
    sys.exit(f"bench: {error}")

RESULTS = f"results/{STUDY.name}"
PLAN = plan.make(STUDY, Path(RESULTS))
CELLS = {cell.path: cell for cell in STUDY.cells}
COHORTS = [cohort.folder.as_posix() for cohort in PLAN.cohorts]
DATASETS = STUDY.settings["datasets"]
FINGERPRINTS = {}
for name in DATASETS:
    source = STUDY.dataset(name)
    try:
        if isinstance(source, ImageSource):
            FINGERPRINTS[name] = source.fingerprint(STUDY.data_folder)
    except DataError as error:
        sys.exit(f"bench: dataset {name!r}: {error}")
# One table of each kind a variant, and one of all variants.
TABLES = [f"{name}.parquet" for name in ("estimates", "outputs", "pulls")]
CALIBRATED = expand(
    f"{RESULTS}/calibration/{{variant}}/{{table}}", variant=STUDY.calibrated, table=TABLES
)
GATHERED = expand(f"{RESULTS}/calibration/{{table}}", table=TABLES) if CALIBRATED else []

# `bench` in the rules is this checkout's. Neither its path nor the interpreter's is a parameter of
# a rule, which snakemake would track: a new virtual environment makes no result out of date.
# One thread a process: several threads a process on the same cores make all ten times slower.
CONDA = "conda" in {str(method) for method in workflow.deployment_settings.deployment_method}
PYTHON = "python" if CONDA else quote(sys.executable)
# Snakemake formats the prefix once more, hence the braces.
SEARCH = f"{quote(workflow.basedir)}${{{{PYTHONPATH:+:$PYTHONPATH}}}}"
shell.prefix(
    f"set -euo pipefail; bench() {{{{ "
    f'OMP_NUM_THREADS=1 PYTHONPATH={SEARCH} {PYTHON} -m bench "$@"; }}}}; '
)


wildcard_constraints:
    dataset="[^/]+",
    architecture="[^/]+",
    variant="[^/]+",
    seeds="[0-9to+]+",


def cell_of(wildcards):
    return CELLS[f"{wildcards.dataset}/{wildcards.architecture}/{wildcards.variant}"]


def sources_of(wildcards):
    """Objective, dataset and architecture: an edit trains again exactly the runs that use it."""
    return cell_of(wildcards).files


def settings_of(wildcards):
    """All that determines a cell's results: a change of any of it trains the cell again."""
    return cell_of(wildcards).settings()


def variant_sources_of(wildcards):
    return list(STUDY.variant_sources(wildcards.variant).values())


def calibration_settings_of(wildcards):
    """All that determines a variant's calibration."""
    settings = [STUDY.calibration(wildcards.variant), asdict(STUDY.variant(wildcards.variant))]
    return json.dumps(settings, sort_keys=True)


def dataset_source_of(wildcards):
    return datasets.REGISTRY.files(STUDY.part(datasets.REGISTRY, wildcards.dataset))


def dataset_settings_of(wildcards):
    """All that determines what is read."""
    settings = STUDY.part(datasets.REGISTRY, wildcards.dataset).settings
    files = str(STUDY.data_folder), FINGERPRINTS.get(wildcards.dataset)
    return json.dumps([settings, *files], sort_keys=True)


def download_of(wildcards):
    """What says that a dataset's files are there, if they come from the network."""
    source = STUDY.dataset(wildcards.dataset)
    fetched = getattr(source, "downloads", False) and STUDY.settings["data"]["download"]
    return f"{RESULTS}/data/{wildcards.dataset}.downloaded.json" if fetched else []


def data_of(wildcards):
    """What says that a dataset's images have been read, if it has any."""
    path = PLAN.data(wildcards.dataset)
    return [] if path is None else path.as_posix()


def control_sources_of(wildcards):
    return sorted(
        {
            file
            for cell in cells_on(wildcards.dataset)
            for file in (
                *datasets.REGISTRY.files(cell.data),
                *architectures.REGISTRY.files(cell.networks),
            )
        }
    )


def control_settings_of(wildcards):
    """All that determines the control rows of a dataset."""
    settings = {
        cell.architecture: [cell.networks.name, dict(cell.networks.settings)]
        for cell in cells_on(wildcards.dataset)
    }
    evaluation = STUDY.section("evaluation", wildcards.dataset)
    return json.dumps([evaluation, settings, STUDY.seeds], sort_keys=True)


def cells_on(dataset):
    return [cell for cell in STUDY.cells if cell.dataset == dataset]


def weights_of(wildcards):
    """Files of weights that the user has."""
    return list(STUDY.section("evaluation", wildcards.dataset)["extractor_weights"].values())


def evaluation_of(wildcards):
    """All that determines what is prepared."""
    return json.dumps(STUDY.section("evaluation", wildcards.dataset), sort_keys=True)


def extractor_of(wildcards):
    """The classifier that measures a dataset's images, if it needs one."""
    path = PLAN.extractor(wildcards.dataset)
    return [] if path is None else path.as_posix()


def extractor_option(wildcards, input):
    return f"--extractor {input.extractor}" if input.extractor else ""
