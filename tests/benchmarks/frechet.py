"""Times the Fréchet distance side by side: ours, torch-fidelity's, and scipy's ``sqrtm``.

    python tests/benchmarks/frechet.py [--dimensions 64 512 2048] [--repeats 1]

Ours is timed with the reference already there, as every generator after the first finds it; the
line above says what the reference took. All start from means and covariances in memory. Set
``OMP_NUM_THREADS`` for the number of cores. Processor seconds, of all threads together, are those
to compare where other work runs on the machine.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
import scipy.linalg
import torch
import torch_fidelity
from torch_fidelity.metric_fid import fid_statistics_to_metric

from bench.metrics.frechet import Moments, frechet_distance, moments, reference

T = TypeVar("T")


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a table for each dimension."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--dimensions", type=int, nargs="+", default=[64, 512, 2048], metavar="F")
    parser.add_argument("--repeats", type=int, default=1, help="the fastest of so many counts")
    options = parser.parse_args(arguments)
    print(f"{torch.get_num_threads()} threads; fastest of {options.repeats}")
    for dimension in options.dimensions:
        compare(dimension, options.repeats)


def compare(dimension: int, repeats: int) -> None:
    """Print seconds and values of the three at one dimension."""
    fake, real = (sample(dimension, seed) for seed in (1, 2))
    wall, busy, found = timed(lambda: reference(real), repeats)
    print(f"\n{dimension} dimensions, {real.count} samples a side")
    print(f"{'':16}{'seconds':>12}{'processor':>12}{'value':>24}")
    print(f"{'(reference)':16}{wall:12.4g}{busy:12.4g}")
    ways: dict[str, Callable[[], float]] = {
        "bench": lambda: frechet_distance(fake, found),
        "torch-fidelity": lambda: by_torch_fidelity(fake, real),
        "scipy sqrtm": lambda: by_square_root(fake, real),
    }
    for name, distance in ways.items():
        wall, busy, value = timed(distance, repeats)
        print(f"{name:16}{wall:12.4g}{busy:12.4g}{value:24.14g}")


def sample(dimension: int, seed: int) -> Moments:
    """Return moments of 2F + 100 features, correlated and with a spectrum that falls."""
    rng = np.random.default_rng(seed)
    mix = np.random.default_rng(0).normal(size=(dimension, dimension)) / np.sqrt(dimension)
    scale = (1 + np.arange(dimension)) ** -0.5
    features = rng.normal(loc=0.1 * seed, size=(2 * dimension + 100, dimension)) * scale @ mix
    return moments(torch.from_numpy(features))


def by_torch_fidelity(fake: Moments, real: Moments) -> float:
    """Return FID by the eigenvalues of the product of the covariances."""
    sides = [{"mu": side.mean.numpy(), "sigma": side.covariance.numpy()} for side in (fake, real)]
    metric = fid_statistics_to_metric(*sides, verbose=False)
    return float(metric[torch_fidelity.KEY_METRIC_FID])


def by_square_root(fake: Moments, real: Moments) -> float:
    """Return FID by the square root of the product of the covariances."""
    root = scipy.linalg.sqrtm((fake.covariance @ real.covariance).numpy())
    shift = float((fake.mean - real.mean).square().sum())
    traces = float(fake.covariance.trace() + real.covariance.trace())
    return shift + traces - 2 * float(np.trace(root).real)


def timed(function: Callable[[], T], repeats: int) -> tuple[float, float, T]:
    """Return wall and processor seconds of the fastest call, and what the last one returned."""
    seconds = []
    for _ in range(repeats):
        wall, busy = time.perf_counter(), time.process_time()
        result = function()
        seconds.append((time.perf_counter() - wall, time.process_time() - busy))
    return *min(seconds), result


if __name__ == "__main__":
    main()
