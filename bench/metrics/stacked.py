"""Which of the thousand classes of stacked digits the samples cover, and how evenly."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import rel_entr

#: Classes of a stack of three digits.
STACKS = 1000
#: The class of a sample that is not finite, and so of no class.
NOTHING = -1


def stacked_metrics(classes: NDArray[np.integer]) -> dict[str, float]:
    """Count the classes that samples hit, and compare their shares with equal ones.

    With ``p`` the shares of the classes among the samples that have one, and K = 1000:

    - ``stacked_modes``: classes with at least one sample;
    - ``stacked_kl``: KL(p‖uniform) = ``Σ p·log(K·p)``, in nats, from 0 to log K = 6.908; log K
      where no sample has a class.

    PacGAN (Lin et al. 2018; its repository, after Srivastava et al. 2017): 26,000 samples, each
    channel classified by a network trained on single digits. R3GAN (Huang et al. 2024) reports the
    same two; its public code has neither the set nor the measurement, so that its sample count and
    classifier are not known, and its KL compares to no more than one digit.

    Neither number can be perfect. Samples from the uniform distribution itself have an expected
    KL of (K − 1)/(2n) + O((K/n)²), 0.0192 at n = 26,000, and miss K·(1 − 1/K)^n classes: none
    at 26,000, 0.05 at 10,000, 82 at 2,500. Stacks of digits drawn from MNIST, whose classes are
    not equally frequent, have 0.004 more (0.005 from its test images). A classifier's errors
    spread samples to classes that are not there: held-out stacks, with classes removed, show how
    far.

    Args:
        classes: The first channel's digit · 100 + the second's · 10 + the third's, shape ``[n]``,
            n ≥ 1; −1 for a sample of no class.

    Returns:
        The two metrics under their names in :data:`bench.records.METRICS`.

    Raises:
        ValueError: There are no samples, or a number is no class.
    """
    if not len(classes):
        raise ValueError("there are no samples to count the classes of")
    if classes.min() < NOTHING or classes.max() >= STACKS:
        message = f"classes of stacks are −1 to {STACKS - 1}, not {classes.min()}…{classes.max()}"
        raise ValueError(message)
    counts = np.bincount(classes[classes != NOTHING], minlength=STACKS)
    shares = counts / counts.sum() if counts.any() else np.eye(STACKS)[0]
    return {
        "stacked_modes": float(np.count_nonzero(counts)),
        "stacked_kl": float(rel_entr(shares, 1 / STACKS).sum()),
    }
