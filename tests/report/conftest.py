"""A synthetic study: what a finished workflow leaves in results/, without any training."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from bench import records

OBJECTIVES = {
    "minimax": ("Minimax GAN", "Goodfellow et al. 2014, Generative Adversarial Nets, NIPS"),
    "non-saturating": ("Non-saturating GAN", "Goodfellow et al. 2014, section 3"),
    "maximum-likelihood": ("Maximum-likelihood GAN", "Goodfellow 2016, NIPS tutorial"),
    "least-squares": ("Least-squares GAN", "Mao et al. 2017, ICCV"),
    "hinge": ("Hinge GAN", "Lim and Ye 2017, Geometric GAN"),
    "wgan": ("WGAN, weight clipping", "Arjovsky et al. 2017, ICML"),
    "wgan-gp": ("WGAN-GP", "Gulrajani et al. 2017, NIPS"),
    "rpgan-r1-r2": ("RpGAN + R1 + R2", "Huang et al. 2024, NeurIPS"),
}
#: Shapes of the data sets of images.
IMAGES = {"digits": [1, 8, 8], "stacked-digits": [3, 8, 8]}
FLOOR = {"w1": 0.06, "fid": 4.0}
UNTRAINED = {"w1": 1.6, "fid": 900.0}
READINGS = ("loss_discriminator", "loss_generator", "logit_real", "logit_fake")
GRADIENTS = ("grad_norm_discriminator", "grad_norm_generator", "critic_slope")


@dataclass
class Study:
    """What to make up: cells, seeds, and which runs go wrong.

    ``diverged`` and ``failed`` hold (dataset, variant, seed); the seed None stands for all.
    """

    variants: tuple = tuple(OBJECTIVES)
    cells: tuple = (("ring8", "mlp"), ("grid25", "mlp"), ("digits", "dcgan"))
    datasets: tuple = ("ring8", "grid25", "digits")
    seeds: tuple = (0, 1, 2)
    snapshots: int = 20
    kept: int = 200
    samples: bool = True
    diverged: frozenset = field(default_factory=frozenset)
    failed: frozenset = field(default_factory=frozenset)
    #: What a variant is, beyond its name.
    definitions: dict = field(default_factory=dict)

    def happens(self, what, dataset, variant, seed):
        return bool(getattr(self, what) & {(dataset, variant, seed), (dataset, variant, None)})


def mixture(name):
    kind, std = "mixture", 0.0141
    if "ring" in name:
        angle = 2 * np.pi * np.arange(8) / 8
        means = np.sqrt(2) * np.stack([np.cos(angle), np.sin(angle)], 1)
    elif "grid" in name:
        line = np.arange(-4.0, 5, 2)
        means = np.stack(np.meshgrid(line, line, indexing="ij"), -1).reshape(-1, 2) / np.sqrt(8)
        std = 0.0177
    elif name == "random-k":
        means, std = np.random.default_rng(1).normal(size=(6, 10)), 0.05
    else:
        turn = 1.5 * np.pi * (1 + 2 * np.linspace(0, 1, 1000))
        means = turn[:, None] * np.stack([np.cos(turn), np.sin(turn)], 1) / 7.5
        kind, std = "density", 0.0333
    weights = [1 / len(means)] * len(means)
    return {
        "kind": kind,
        "shape": [means.shape[1]],
        "means": means.tolist(),
        "std": std,
        "weights": weights,
    }


def describe(dataset):
    common = {"source": dataset, "settings": {}}
    if dataset not in IMAGES:
        return common | mixture(dataset)
    splits = {"train": 1197, "validation": 300, "test": 300}
    read = {"splits": splits, "classes": 10, "checksum": "0123456789abcdef" * 4}
    return common | {"kind": "images", "shape": IMAGES[dataset]} | read


def measured(dataset, quality):
    """Metrics by protocol for samples whose primary metric is ``quality``."""
    if dataset in IMAGES:
        badness = min(1.0, np.log(quality / 4) / np.log(900 / 4))
        values = {
            "fid": quality,
            "kid": quality / 300,
            "inception_score": 9 - 7 * badness,
            "precision": 0.9 - 0.85 * badness,
            "recall": 0.8 - 0.79 * badness,
            "f_score": 0.85 - 0.8 * badness,
            "density": 1 - 0.9 * badness,
            "coverage": 0.97 - 0.9 * badness,
            "fid_infinity": 0.9 * quality,
            "near_copies": 0.01,
            "authenticity": 0.5,
            "nearest_ratio": 1.0,
        }
        return {
            f"{dataset}-classifier-300-test": values,
            "inception-v3-compat-300-test": {"fid": quality / 2, "kid": quality / 500},
        }
    badness = float(np.clip((quality - 0.05) / 1.5, 0, 1))
    about = mixture(dataset)
    count = len(about["means"])
    transport = {"w1": quality, "sliced_w2": 0.7 * quality}
    if about["kind"] == "density":
        scores = {"energy": quality / 2, "log_density": -badness, "log_likelihood": -2 * badness}
        return {"stratified-1000": transport, "points-1000": scores}
    modes = {
        "modes": float(round(count * (1 - badness))),
        "modes_any": float(round(count * (1 - badness / 2))),
        "high_quality": 0.989 * (1 - badness),
        "kl_reverse": 2 * badness,
        "kl_forward": 4 * badness,
        "tv": badness,
        "kl_plus": 5 * badness,
    }
    return {"stratified-1000": transport, "modes-3sigma-2500": modes}


def make(folder: Path, study: Study) -> Path:
    """Write ``metrics.parquet``, ``manifest.json`` and samples into ``folder``."""
    rng = np.random.default_rng(0)
    rows, runs = [], []
    for dataset, architecture in study.cells:
        images = dataset in IMAGES
        primary, steps = ("fid", 600) if images else ("w1", 3000)
        at = [0, *np.unique(np.geomspace(10, steps, study.snapshots - 1).astype(int)).tolist()]
        refreshed = set(at[::2]) | {at[-1]}
        for number, variant in enumerate(study.variants):
            path = f"runs/{dataset}/{architecture}/{variant}/seeds"
            for seed in study.seeds:
                who = {
                    "study": "demo",
                    "dataset": dataset,
                    "architecture": architecture,
                    "variant": variant,
                    "objective": study.definitions.get(variant, {}).get(
                        "objective", variant.removesuffix("-again")
                    ),
                    "seed": seed,
                }
                gone = study.happens("failed", dataset, variant, seed)
                lost = study.happens("diverged", dataset, variant, seed)
                runs.append(
                    {
                        **{k: v for k, v in who.items() if k != "study"},
                        "status": "failed" if gone else "diverged" if lost else "finished",
                        "diverged_at": at[8] if lost else None,
                        "seconds": None if gone else 20.0 + number,
                        "seconds_by_kind": None if gone else {"training": 20.0 + number},
                        "cohort": list(study.seeds),
                        "peak_memory_mb": None if gone else 310.0,
                        "steps": None if gone else steps,
                        "discriminator_steps": None if gone else steps,
                        "samples_seen": None if gone else steps * 128,
                        "samples": None if gone else f"{path}/samples.safetensors",
                        "device": None if gone else "cpu",
                    }
                )
                if gone:
                    continue
                end = FLOOR[primary] * (1.2 + 0.55 * number + 0.5 * rng.random())
                for index, step in enumerate(at):
                    if lost and step >= at[8]:
                        rows.append(
                            who
                            | {"step": step, "metric": "diverged", "protocol": "training"}
                            | {"value": float(step), "status": records.DIVERGED}
                        )
                        break
                    share = index / (len(at) - 1)
                    start = UNTRAINED[primary]
                    quality = float(
                        np.exp((1 - share) * np.log(start) + share * np.log(end))
                        * np.exp(0.12 * rng.normal())
                    )
                    found = measured(dataset, quality)
                    found[
                        f"selection-{500 if not images else f'{dataset}-classifier-300-validation'}"
                    ] = {primary: quality * float(np.exp(0.05 * rng.normal()))}
                    follows = 1 if number >= 5 else 0.15
                    for reading, noise in ((records.ONLINE, 0.8), (records.REFRESHED, 0.2)):
                        if reading == records.REFRESHED and step not in refreshed:
                            continue
                        signal = follows * np.log(quality / end) + noise * rng.normal()
                        found[reading] = {
                            "estimate": float(np.exp(signal)),
                            "gap_over_slope": float(quality * np.exp(0.6 * noise * rng.normal())),
                        }
                    for metric in READINGS:
                        found[records.ONLINE][metric] = float(rng.normal() * (1 + share))
                    for metric in GRADIENTS:
                        found[records.ONLINE][metric] = float(np.exp(rng.normal()))
                    rows.extend(
                        who
                        | {"step": step, "metric": metric, "protocol": protocol, "value": value}
                        | {"status": records.OK}
                        for protocol, values in found.items()
                        for metric, value in values.items()
                    )
            if study.samples and (dataset, variant, None) not in study.failed:
                save_samples(folder / path / "samples.safetensors", dataset, number, study, rng)
    rows.extend(control_rows(study))
    records.write(records.frame(rows), folder / "metrics.parquet")
    (folder / "manifest.json").write_text(json.dumps(manifest(study, runs)))
    return folder


def save_samples(path, dataset, number, study, rng):
    path.parent.mkdir(parents=True, exist_ok=True)
    tensors = {}
    for seed in study.seeds:
        if dataset in IMAGES:
            channels = IMAGES[dataset][0]
            grid = np.abs(np.add.outer(np.arange(8), np.arange(8)) - 7)[None, None] < 2
            noise = rng.normal(size=(64, channels, 8, 8)) * (0.1 + 0.1 * number)
            sample = np.clip(2.0 * grid - 1 + noise, -1, 1)
        else:
            means = np.array(mixture(dataset)["means"])
            kept = means[: len(means) - number // 2]
            sample = kept[rng.integers(len(kept), size=study.kept)]
            sample = sample + rng.normal(size=sample.shape) * (0.015 + 0.01 * number)
        tensors[f"seed-{seed}"] = sample.astype(np.float32)
    save_file(tensors, path)


def control_rows(study):
    for dataset in study.datasets:
        primary = "fid" if dataset in IMAGES else "w1"
        levels = {
            records.REAL: ("", FLOOR[primary], 4),
            records.DROPPED: ("", 6 * FLOOR[primary], 2),
            records.NOISY: ("", 9 * FLOOR[primary], 2),
        }
        if dataset in IMAGES:
            levels[records.COPIED] = ("", 0.8 * FLOOR[primary], 1)
        for architecture in sorted({a for d, a in study.cells if d == dataset}):
            levels[records.UNTRAINED] = (architecture, UNTRAINED[primary], len(study.seeds))
        for variant, (architecture, quality, replicates) in levels.items():
            for seed in range(replicates):
                for protocol, values in measured(dataset, quality * (1 + 0.02 * seed)).items():
                    if variant == records.COPIED and "near_copies" in values:
                        values |= {"near_copies": 0.99, "authenticity": 0.0}
                    for metric, value in values.items():
                        yield {
                            "study": "demo",
                            "dataset": dataset,
                            "architecture": architecture,
                            "variant": variant,
                            "objective": records.CONTROL,
                            "seed": seed,
                            "step": 0,
                            "metric": metric,
                            "protocol": protocol,
                            "value": value,
                            "status": records.OK,
                        }


def manifest(study, runs):
    counts = dict.fromkeys(("finished", "diverged", "failed"), 0)
    for run in runs:
        counts[run["status"]] += 1
    adam = "adam lr=0.001 betas=(0.5, 0.9)"
    ran = {run["variant"] for run in runs if run["status"] != "failed"}
    unknown = dict.fromkeys(
        ("reference", "divergence", "generator_optimizer", "discriminator_optimizer")
    )
    variants = {
        name: {
            "objective": name.removesuffix("-again"),
            "title": OBJECTIVES.get(name.removesuffix("-again"), (name,))[0],
            "reference": OBJECTIVES.get(name.removesuffix("-again"), ("", "unpublished"))[1],
            "divergence": "1-Wasserstein distance" if name.startswith("wgan") else None,
            "hyperparameters": {"penalty_weight": 10.0} if name == "wgan-gp" else {},
            "techniques": {},
            "generator_optimizer": adam,
            "discriminator_optimizer": adam,
            "discriminator_steps": 1,
            "notes": ["discriminator without batch normalisation"] if name == "wgan-gp" else [],
            **study.definitions.get(name, {}),
        }
        if name in ran
        else {
            **unknown,
            "objective": name,
            "title": name,
            "discriminator_steps": None,
            "hyperparameters": {},
            "techniques": {},
            "notes": [],
        }
        for name in study.variants
    }
    amounts = {name: 600 if name in IMAGES else 3000 for name in study.datasets}
    return {
        "study": "demo",
        "description": "Eight objectives on two mixtures of Gaussians and 8×8 digits.",
        "protocol": "shared",
        "settings": {"seeds": list(study.seeds), "protocol": "shared", "note": "<b>a & b</b>"},
        "settings_hash": "0123456789abcdef",
        "expected": len(runs),
        **counts,
        "runs": runs,
        "left_out": [
            {
                "dataset": "ring8",
                "architecture": "dcgan",
                "variant": "*",
                "reason": "dcgan makes images of 8×8 or more; this shape is (2,)",
            }
        ],
        "variants": variants,
        "datasets": {name: describe(name) for name in study.datasets},
        "extractors": {"digits": {"name": "digits-classifier", "accuracy": 0.978, "hash": "ab12"}},
        "versions": {"python": "3.11.2", "torch": "2.15.0"},
        "hardware": {"processor": "a CPU", "cores": 2, "system": "Linux x86_64"},
        "code": {"version": "0.1.0", "commit": "0" * 40, "dirty": False},
        "budget": {
            name: {"unit": "generator_steps", "amount": amount} for name, amount in amounts.items()
        },
    }


@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    """A study with three seeds: one run diverged, another failed, one variant never ran."""
    never = {(dataset, "never-ran", None) for dataset in ("ring8", "grid25", "digits")}
    study = Study(
        variants=(*OBJECTIVES, "never-ran"),
        diverged=frozenset({("ring8", "maximum-likelihood", 1), ("digits", "minimax", None)}),
        failed=frozenset({("grid25", "hinge", 2)} | never),
    )
    return make(tmp_path_factory.mktemp("results") / "demo", study)


@pytest.fixture
def build(tmp_path):
    """Make up a study with other options, and say where it is."""
    return lambda **options: make(tmp_path / "demo", Study(**options))
