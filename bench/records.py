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
#: Variants of the control rows: real data that training never saw, the generator before its
#: first step, and real data with some modes (or classes) removed.
REAL, UNTRAINED, DROPPED = "held-out-real", "untrained", "modes-removed"

OK, DIVERGED = "ok", "diverged"


class Measurement(NamedTuple):
    """One metric under one protocol, before it is known whose it is."""

    metric: str
    protocol: str
    value: float


@dataclass(frozen=True)
class Metric:
    """What a metric is called, which direction is better, and in one sentence what it is.

    ``sees_modes`` is false for what looks at each sample alone: it cannot tell that modes are
    missing.
    """

    name: str
    label: str
    better: Literal["lower", "higher", "none"]
    description: str
    sees_modes: bool = True


METRICS = {
    metric.name: metric
    for metric in (
        Metric("w1", "W₁", "lower", "Exact 1-Wasserstein distance to a stratified reference."),
        Metric("sliced_w2", "sliced W₂", "lower", "Sliced 2-Wasserstein distance."),
        Metric(
            "modes",
            "modes",
            "higher",
            "Modes that hold at least 0.2·N·w high-quality samples (primary rule).",
        ),
        Metric(
            "modes_any",
            "modes (≥ 1 sample)",
            "higher",
            "Modes with at least one high-quality sample (VEEGAN, PacGAN); for comparability "
            "only: uniform noise scores 21 of 25.",
        ),
        Metric(
            "high_quality",
            "high quality",
            "higher",
            "Share of samples within three standard deviations of their nearest mode.",
            sees_modes=False,
        ),
        Metric(
            "kl_reverse",
            "KL(q‖p)",
            "lower",
            "KL of generated to true mode shares, over high-quality samples.",
        ),
        Metric(
            "kl_forward",
            "KL(p‖q)",
            "lower",
            "KL of true to generated mode shares, over high-quality samples.",
        ),
        Metric(
            "tv",
            "TV",
            "lower",
            "Total variation between mode shares, over high-quality samples.",
        ),
        Metric(
            "kl_plus",
            "KL⁺",
            "lower",
            "KL over high-quality mode shares and one bin for the rest: dropping and low quality "
            "in one number.",
        ),
        Metric("fid", "FID", "lower", "Fréchet distance between feature Gaussians."),
        Metric("kid", "KID", "lower", "Kernel distance (polynomial, unbiased)."),
        Metric(
            "precision",
            "precision",
            "higher",
            "Generated samples inside the real manifold.",
            sees_modes=False,
        ),
        Metric("recall", "recall", "higher", "Real samples inside the generated manifold."),
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
PRIMARY = {"mixture": "w1", "images": "fid"}

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
