"""The figures of samples: scatter plots of points and grids of images."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from bench.analysis.results import Results
from bench.report.style import INK, MUTED, panels

Samples = NDArray[np.float32]
#: Images on each side of a grid; fewer where the grid would have more pixels than this, down to the
#: fewest: a page with many large pictures loads slowly.
SIDE, _WIDEST, _FEWEST = 6, 200, 3


def read(results: Results, folder: Path, dataset: str, architecture: str) -> dict[str, Samples]:
    """Return one run's samples by variant, all from the same seed: the first that has a file.

    Variants whose file is missing, or cannot be read, are left out. Shapes ``[n, d]`` or
    ``[n, C, H, W]``; row i comes from the same latent point in all of them.
    """
    found: dict[str, Samples] = {}
    runs = sorted(results.manifest["runs"], key=lambda run: run["seed"])
    for name in results.variants(dataset, architecture):
        for run in runs:
            here = run["dataset"], run["architecture"], run["variant"]
            if here != (dataset, architecture, name) or not run["samples"]:
                continue
            samples = _load(folder / run["samples"], run["seed"])
            if samples is not None:
                found[name] = samples
                break
    return found


def scatter(
    samples: Mapping[str, Samples], dataset: Mapping[str, Any], palette: Mapping[str, str]
) -> Figure:
    """Draw points, a panel a variant, with the truth behind them.

    True modes are circles, whose size means nothing; a density without modes is a grey shade.
    Points of more than two dimensions are seen along the two axes on which the centres spread most.
    """
    centre, directions = principal(np.asarray(dataset["means"], float))
    means = (np.asarray(dataset["means"], float) - centre) @ directions
    modal, std = dataset["kind"] == "mixture", float(dataset["std"])
    reach = 1.3 * np.abs(means).max() if modal else np.abs(means).max() + 4 * std
    shade = None if modal else density(means, np.asarray(dataset["weights"], float), std, reach)
    figure, axes = panels(len(samples), height=2.35, head=0.0, foot=0.3, left=0.4)
    for axis, (name, drawn) in zip(axes, samples.items(), strict=True):
        points = (drawn - centre) @ directions
        inside = (np.abs(points) <= reach).all(axis=1)
        x, y = points[inside].T
        if shade is not None:
            axis.imshow(shade, extent=(-reach, reach, -reach, reach), origin="lower")
        axis.scatter(x, y, s=2.2, color=palette[name], alpha=0.55, lw=0, rasterized=True)
        if modal:
            axis.scatter(
                means[:, 0], means[:, 1], s=26, facecolor="none", edgecolor=INK, lw=0.5, alpha=0.7
            )
        outside = int((~inside).sum())
        axis.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal", title=name)
        if outside:
            axis.text(
                0.98, 0.02, f"{outside} of {len(points)} outside", ha="right", va="bottom",
                color=MUTED, transform=axis.transAxes, size=7,
            )  # fmt: skip
    return figure


def principal(means: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the point ``[d]`` and the two axes ``[d, 2]`` to look at ``means`` ``[K, d]`` along.

    In two dimensions those of the plane itself; in more, the middle of the centres and their
    first two principal axes.
    """
    if means.shape[1] == 2:
        return np.zeros(2), np.eye(2)
    centre = means.mean(axis=0)
    # All axes, since fewer than three centres span no plane.
    _, _, directions = np.linalg.svd(means - centre, full_matrices=True)
    return centre, directions[:2].T


def density(
    means: NDArray[np.float64], weights: NDArray[np.float64], std: float, reach: float
) -> NDArray[np.float64]:
    """Return a mixture's density on the square of half side ``reach`` as a picture to lay below.

    Returns:
        Shape ``[side, side, 4]``: mid-grey, the denser the more opaque, from the bottom up.
    """
    side = 160
    line = (np.arange(side) + 0.5) / side * 2 * reach - reach
    # A Gaussian of equal variances is a product, and so is its sum over components.
    across, along = (
        np.exp(-0.5 * ((line[:, None] - means[None, :, i]) / std) ** 2) for i in (0, 1)
    )
    values = (along * weights) @ across.T
    colour = [int(MUTED[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    shade = np.empty((side, side, 4))
    shade[..., :3] = colour
    shade[..., 3] = 0.5 * values / values.max()
    return shade


def grids(samples: Mapping[str, Samples]) -> Figure:
    """Draw the first images of each variant as a square grid, a panel a variant."""
    figure, axes = panels(len(samples), height=2.35, head=0.0, foot=0.1, left=0.1)
    for axis, (name, images) in zip(axes, samples.items(), strict=True):
        mosaic = tile(images[: side(images) ** 2])
        axis.imshow(mosaic, cmap="gray", vmin=0, vmax=1, interpolation="none")
        axis.set_title(name)
        axis.set_axis_off()
    return figure


def side(images: Samples) -> int:
    """Return how many of these images ``[n, C, H, W]`` stand on each side of a grid."""
    return max(_FEWEST, min(SIDE, _WIDEST // (int(images.shape[-1]) + 1)))


def tile(images: Samples) -> NDArray[np.float32]:
    """Lay images ``[n, C, H, W]`` in [−1, 1] out as one picture in [0, 1], row by row.

    Returns:
        Shape ``[side·(H+1)+1, side·(W+1)+1]`` for one channel, with a last axis of three for
        three; the gaps, and places left over, are mid-grey.
    """
    images = np.nan_to_num((np.clip(images, -1, 1) + 1) / 2, nan=0.5)
    count, channels, height, width = images.shape
    side = int(np.ceil(np.sqrt(count)))
    sheet = np.full((channels, side * (height + 1) + 1, side * (width + 1) + 1), 0.5, np.float32)
    for index, image in enumerate(images):
        row, column = divmod(index, side)
        top, left = 1 + row * (height + 1), 1 + column * (width + 1)
        sheet[:, top : top + height, left : left + width] = image
    return sheet[0] if channels != 3 else np.moveaxis(sheet, 0, -1)


def _load(path: Path, seed: int) -> Samples | None:
    """Return a seed's samples; None where the file or the seed is missing or broken."""
    try:
        tensors: dict[str, Samples] = load_file(path)
    except (OSError, SafetensorError):
        return None
    return tensors.get(f"seed-{seed}")
