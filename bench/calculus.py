"""Formulas that objectives and techniques share: slopes of a critic, and norms of its weights."""

from __future__ import annotations

from collections.abc import Callable
from math import exp

import torch
from torch import Tensor
from torch.func import vmap

from bench.components import Context, Tensors

#: Keeps the norm of a zero vector, and a zero matrix, from being divided by.
_TINY = 1e-12


def bounded_exp(exponent: Tensor, bound: float = 30.0) -> Tensor:
    """Return exp, which above ``bound`` goes on along its tangent.

    exp(100) is beyond float32, and so is the square of exp(44) in Adam's second moment.
    """
    tangent = exp(bound) * (1 + exponent - bound)
    # The clamp keeps the side not taken finite, whose gradient would be NaN otherwise.
    return torch.where(exponent < bound, exponent.clamp(max=bound).exp(), tangent)


def interpolate(context: Context) -> Tensor:
    """Return points between real and fake samples, one uniform weight a sample."""
    real, fake = context.real, context.fake
    weight = context.noise.uniform(len(real), *[1] * (real.ndim - 1))
    return real + weight * (fake - real)


def input_gradient(critic: Callable[[Tensor], Tensor], samples: Tensor) -> Tensor:
    """Return the critic's gradient at each sample, shape ``[B, features]``.

    One gradient a sample: the sum over the batch has the per-sample gradients as its gradient,
    provided that the critic does not mix samples.
    """
    gradient: Tensor = torch.func.grad(lambda x: critic(x).sum())(samples)
    return gradient.flatten(start_dim=1)


def slopes(critic: Callable[[Tensor], Tensor], samples: Tensor) -> Tensor:
    """Return the norm of the critic's gradient at each sample, shape ``[B]``."""
    return _root(squared_slopes(critic, samples))


def squared_slopes(critic: Callable[[Tensor], Tensor], samples: Tensor) -> Tensor:
    """Return the squared norm of the critic's gradient at each sample, shape ``[B]``."""
    return input_gradient(critic, samples).square().sum(dim=1)


def squared_distances(first: Tensor, second: Tensor) -> Tensor:
    """Return ‖a − b‖² for each a of ``[n, k]`` and b of ``[m, k]``, shape ``[n, m]``.

    From differences, since products of nearly equal vectors would lose them. Chunked, so that
    without gradients the memory is that of a few rows of ``[n, m, k]``.
    """
    rows: Tensor = vmap(lambda a: (a - second).square().sum(dim=1), chunk_size=64)(first)
    return rows


def distances(first: Tensor, second: Tensor) -> Tensor:
    """Return ‖a − b‖ for each pair, ``[n, m]``, with gradients of any order, which are 0 at 0."""
    return _root(squared_distances(first, second))


def spectral_start(parameters: Tensors) -> Tensors:
    """Return each weight matrix's first left singular vector ``[out]`` by name, exactly.

    A parameter with two axes or more counts as a matrix, a kernel as one of shape ``[out, rest]``
    (Miyato et al. 2018, section 2.1); biases and scales are left out.
    """
    matrices = {name: value.flatten(1) for name, value in parameters.items() if value.ndim > 1}
    return {
        name: torch.linalg.svd(value, full_matrices=False).U[:, 0]
        for name, value in matrices.items()
    }


def spectral_next(parameters: Tensors, state: Tensors) -> Tensors:
    """Return the left singular vectors after one more step of the power iteration."""
    return {name: _iterate(parameters[name], left)[0] for name, left in state.items()}


def spectral_normalised(parameters: Tensors, state: Tensors) -> Tensors:
    """Return all parameters, each matrix W divided by σ = uᵀWv (Miyato et al. 2018, algorithm 1).

    u and v come from one step of the power iteration, which starts from ``state``; as in the
    paper they are constants for the gradient, which passes through both W and σ.
    """

    def normalised(weight: Tensor, before: Tensor) -> Tensor:
        left, right = _iterate(weight, before)
        return weight / (left @ weight.flatten(1) @ right).clamp(min=_TINY)

    return {
        name: normalised(value, state[name]) if name in state else value
        for name, value in parameters.items()
    }


def _root(squares: Tensor) -> Tensor:
    """Return the square root, whose gradients of any order are 0 at 0."""
    apart = squares > _TINY**2
    # The inner choice keeps the root's gradient finite where it is not taken.
    return torch.where(apart, torch.where(apart, squares, 1).sqrt(), 0)


def _iterate(weight: Tensor, left: Tensor) -> tuple[Tensor, Tensor]:
    """Return u and v after v ← Wᵀu/‖Wᵀu‖, u ← Wv/‖Wv‖, without gradients."""
    matrix = weight.detach().flatten(1)
    right = _unit(left @ matrix)
    return _unit(matrix @ right), right


def _unit(vector: Tensor) -> Tensor:
    unit: Tensor = vector / torch.linalg.vector_norm(vector).clamp(min=_TINY)
    return unit
