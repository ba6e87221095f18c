"""The tidy rows that every table and figure is made of, and what their metrics mean.

One row is one (study, dataset, architecture, variant, objective, seed, step, metric, protocol)
with its value and status. ``step`` counts generator steps.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import pandas as pd

from bench.files import whole

COLUMNS = {
    "study": "string",
    "dataset": "string",
    "architecture": "string",
    "variant": "string",
    "objective": "string",
    "seed": "int64",
    "step": "int64",
    "metric": "string",
    "protocol": "string",
    "value": "float64",
    "status": "string",
}

#: The ``objective`` of the rows that anchor the metrics instead of measuring a training run.
CONTROL = "control"
#: Variants of the control rows: real data that training never saw; the generator before its first
#: step; real data with some modes (or classes) removed; with noise; copies of training images.
REAL, UNTRAINED, DROPPED = "held-out-real", "untrained", "modes-removed"
NOISY, COPIED = "noise", "training-copies"

OK, DIVERGED = "ok", "diverged"


class Measurement(NamedTuple):
    """One metric under one protocol, before it is known whose it is."""

    metric: str
    protocol: str
    value: float


#: The controls that most metrics must rank behind real data.
_USUAL = frozenset({UNTRAINED, DROPPED, NOISY})
#: Those of what looks at each sample alone: it cannot tell that modes are missing.
_SAMPLEWISE = frozenset({UNTRAINED, NOISY})
#: Those of what looks at each point alone: an untrained generator may put all on one mode.
_POINTWISE = frozenset({NOISY})
#: Those of what looks at the modes alone: it cannot tell how sharp samples are.
_MODEWISE = frozenset({UNTRAINED, DROPPED})


@dataclass(frozen=True)
class Metric:
    """What a metric is called, which direction is better, and in one sentence what it is.

    Attributes:
        worst: What a diverged run counts as; where None, infinite in the worse direction.
        sees: The controls that it must rank behind real data.
    """

    name: str
    label: str
    better: Literal["lower", "higher", "none"]
    description: str
    worst: float | None = None
    sees: frozenset[str] = _USUAL


METRICS = {
    metric.name: metric
    for metric in (
        Metric("w1", "W₁", "lower", "Exact 1-Wasserstein distance to a stratified reference."),
        Metric(
            "sliced_w2",
            "sliced W₂",
            "lower",
            "Sliced 2-Wasserstein distance; what chance does to mode counts hides noise from it.",
            sees=_MODEWISE,
        ),
        Metric(
            "modes",
            "modes",
            "higher",
            "Modes that hold at least 0.2·N·w high-quality samples (primary rule).",
            worst=0.0,
        ),
        Metric(
            "modes_any",
            "modes (≥ 1 sample)",
            "higher",
            "Modes with at least one high-quality sample (VEEGAN, PacGAN); for comparability "
            "only: uniform noise scores 21 of 25.",
            worst=0.0,
            sees=_MODEWISE,
        ),
        Metric(
            "high_quality",
            "high quality",
            "higher",
            "Share of samples within the protocol's radius of their nearest mode: three standard "
            "deviations in 2-D.",
            worst=0.0,
            sees=_POINTWISE,
        ),
        Metric(
            "kl_reverse",
            "KL(q‖p)",
            "lower",
            "KL of generated to true mode shares, over high-quality samples.",
            sees=_MODEWISE,
        ),
        Metric(
            "kl_forward",
            "KL(p‖q)",
            "lower",
            "KL of true to generated mode shares, over high-quality samples.",
            sees=_MODEWISE,
        ),
        Metric(
            "tv",
            "TV",
            "lower",
            "Total variation between mode shares, over high-quality samples.",
            worst=1.0,
            sees=_MODEWISE,
        ),
        Metric(
            "kl_plus",
            "KL⁺",
            "lower",
            "KL over high-quality mode shares and one bin for the rest: dropping and low quality "
            "in one number.",
        ),
        Metric("mmd", "MMD²", "lower", "Squared maximum mean discrepancy (Gaussian, unbiased)."),
        Metric("energy", "energy distance", "lower", "Energy distance (unbiased)."),
        Metric(
            "log_density",
            "log p(G(z))",
            "higher",
            "Mean log density of generated points under the truth: quality alone.",
            sees=_POINTWISE,
        ),
        Metric(
            "log_likelihood",
            "log q(x)",
            "higher",
            "Mean log density of real points under a kernel density estimate of generated ones.",
        ),
        Metric("fid", "FID", "lower", "Fréchet distance between feature Gaussians."),
        Metric("kid", "KID", "lower", "Kernel distance (polynomial, unbiased)."),
        Metric(
            "precision",
            "precision",
            "higher",
            "Generated samples inside the real manifold.",
            worst=0.0,
            sees=_SAMPLEWISE,
        ),
        Metric(
            "recall",
            "recall",
            "higher",
            "Real samples inside the generated manifold.",
            worst=0.0,
            sees=_MODEWISE,
        ),
        Metric("f_score", "F-score", "higher", "Harmonic mean of precision and recall.", 0.0),
        Metric(
            "density",
            "density",
            "higher",
            "Real neighbourhoods that a generated sample is in, over k (Naeem et al. 2020).",
            worst=0.0,
            sees=_SAMPLEWISE,
        ),
        Metric(
            "coverage",
            "coverage",
            "higher",
            "Real samples with a generated one in their neighbourhood (Naeem et al. 2020).",
            worst=0.0,
        ),
        Metric(
            "inception_score",
            "IS",
            "higher",
            "Inception score: how surely samples are classified, and how evenly.",
            worst=1.0,
        ),
        Metric(
            "fid_infinity",
            "FID∞",
            "lower",
            "FID extrapolated to infinitely many generated samples (Chong and Forsyth 2020).",
        ),
        Metric("mind", "MIND", "lower", "Sliced Wasserstein distance of features."),
        Metric(
            "near_copies",
            "near copies",
            "lower",
            "Share of samples nearer to a training image than 99 % of held-out images are.",
            worst=1.0,
            sees=frozenset({COPIED}),
        ),
        Metric(
            "authenticity",
            "authenticity",
            "higher",
            "Share of samples farther from their nearest training image than that one is from its "
            "own nearest (Alaa et al. 2022).",
            worst=0.0,
            sees=frozenset({COPIED}),
        ),
        Metric(
            "nearest_ratio",
            "NN ratio",
            "none",
            "Median distance to the nearest training image, over that of held-out images; far "
            "below 1 is copying.",
        ),
        Metric(
            "stacked_modes",
            "stacked modes",
            "higher",
            "Of the 1000 classes of a stack of three digits, those with at least one sample.",
            worst=0.0,
            sees=_MODEWISE,
        ),
        Metric(
            "stacked_kl",
            "KL to uniform",
            "lower",
            "KL of generated classes of stacks to the uniform distribution over 1000.",
            sees=_MODEWISE,
        ),
        Metric(
            "estimate",
            "divergence estimate",
            "lower",
            "The objective's own estimate of its divergence on held-out batches.",
        ),
        Metric(
            "gap_over_slope",
            "gap / slope",
            "lower",
            "Mean logit of real minus fake, divided by the critic's mean gradient norm: the "
            "scale of the true Wasserstein distance for any critic.",
        ),
        Metric("critic_slope", "mean ‖∇D‖", "none", "Mean gradient norm at interpolates."),
        Metric("loss_discriminator", "D loss", "none", "Discriminator loss with penalties."),
        Metric("loss_generator", "G loss", "none", "Generator loss."),
        Metric("logit_real", "D(real)", "none", "Mean logit of held-out real samples."),
        Metric("logit_fake", "D(fake)", "none", "Mean logit of fresh generated samples."),
        Metric("grad_norm_discriminator", "‖∇‖ D", "none", "Norm of the discriminator's gradient."),
        Metric("grad_norm_generator", "‖∇‖ G", "none", "Norm of the generator's gradient."),
    )
}

#: The metric that ranks variants, by the kind of data.
PRIMARY = {"mixture": "w1", "density": "w1", "images": "fid"}

#: Protocols of the loss readings: the critic as training has it, and a copy trained further.
ONLINE, REFRESHED = "online", "refreshed"
#: How protocols begin whose measurements choose the best snapshot and are never reported.
SELECTION = "selection"


def frame(rows: Iterable[dict[str, object]]) -> pd.DataFrame:
    """Return ``rows`` as a table with the columns and types of :data:`COLUMNS`."""
    return pd.DataFrame(list(rows), columns=list(COLUMNS)).astype(COLUMNS)


def write(table: pd.DataFrame, path: str | Path) -> None:
    """Write a tidy table as Parquet and, beside it, the same as CSV."""
    path = Path(path)
    with whole(path) as temporary:
        table.to_parquet(temporary, index=False)
    with whole(path.with_suffix(".csv")) as temporary:
        table.to_csv(temporary, index=False)


def read(path: str | Path) -> pd.DataFrame:
    """Read a tidy table that :func:`write` wrote."""
    return pd.read_parquet(path).astype(COLUMNS)
