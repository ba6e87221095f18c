"""Layers through which a discriminator compares the samples of a batch."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class MinibatchDiscrimination(nn.Module):
    """How close each sample is to the others of its batch (Salimans et al. 2016, section 3.2).

    With M_i = f(x_i)·T, a matrix of ``kernels`` rows, appends to the features f(x_i)

        o_b(i) = Σ_{j≠i} exp(−‖M_ib − M_jb‖₁),   b = 1 … kernels.

    The paper's sum runs over all j; its term j = i is always 1, which the next layer's bias
    absorbs, and the authors' code leaves it out too.

    Attributes:
        tensor: T, shape ``[features, kernels, dimension]``. Each of its columns starts with an
            expected squared norm of 1; the authors' code normalises them to 1.
        added: Numbers appended, ``kernels``.
    """

    def __init__(self, features: int, kernels: int = 16, dimension: int = 8) -> None:
        super().__init__()
        self.added = kernels
        start = torch.randn(features, kernels, dimension) / features**0.5
        self.tensor = nn.Parameter(start)

    def forward(self, features: Tensor) -> Tensor:
        """Map ``[B, features]`` to ``[B, features + kernels]``."""
        rows = torch.einsum("if,fbc->ibc", features, self.tensor)
        distance = (rows[:, None] - rows[None]).abs().sum(dim=3)
        # Masked and not subtracted: 1 + c − 1 would lose a small closeness c to rounding.
        others = 1 - torch.eye(len(features), dtype=rows.dtype, device=rows.device)
        closeness = (torch.exp(-distance) * others[:, :, None]).sum(dim=1)
        return torch.cat([features, closeness], dim=1)


class MinibatchStddev(nn.Module):
    """How much the features vary over the batch (Karras et al. 2018, section 3).

    Appends one number to the features, the same for every sample: the mean over features of
    their standard deviation over the batch (divided by B). It is taken over the whole batch, as
    the paper writes. The groups of four in the authors' code would make the output depend on the
    order of the samples and refuse other batch sizes.

    Attributes:
        epsilon: Put under the root, so that it has a gradient where the variance is zero.
        added: Numbers appended, 1.
    """

    epsilon = 1e-8
    added = 1

    def forward(self, features: Tensor) -> Tensor:
        """Map ``[B, features]`` to ``[B, features + 1]``."""
        variance = features.var(dim=0, correction=0)
        spread = (variance + self.epsilon).sqrt().mean()
        return torch.cat([features, spread.expand(len(features), 1)], dim=1)


def mixes_samples(module: nn.Module) -> bool:
    """Return whether a sample's output depends on the other samples of its batch.

    Real and fake samples must then pass separately. Virtual batch normalisation does not mix.
    """
    mixing = (nn.modules.batchnorm._BatchNorm, MinibatchDiscrimination, MinibatchStddev)
    return any(isinstance(part, mixing) for part in module.modules())
