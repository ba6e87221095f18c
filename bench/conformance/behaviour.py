"""What must hold of an objective's methods as functions of samples, noise and parameters."""

from __future__ import annotations

import random
from itertools import product
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bench.conformance.probe import (
    PENALTIES,
    SHAPES,
    BrokenError,
    Draws,
    Probe,
    ProbeCritic,
    is_scalar,
    short,
)
from bench.objectives.base import Objective
from bench.training.streams import Recorder

_CPU = torch.device("cpu")


def batch_order(objective: Objective) -> None:
    """Permuting real and fake samples together changes nothing."""
    probe = Probe(objective)
    before = probe.outputs(Recorder(_CPU))
    turned = probe.rows(torch.tensor([3, 0, 6, 1, 7, 2, 5, 4]))
    for name, value in turned.outputs(Recorder(_CPU)).items():
        if not _close(value, before[name]):
            raise BrokenError(
                f"{name} depends on the order of the batch: {short(before[name])}, and "
                f"{short(value)} when real and fake samples are permuted together; treat all "
                "samples alike and average with .mean()"
            )


def batch_size(objective: Objective) -> None:
    """Losses and penalties are means over the batch, not sums or norms over all of it."""
    probe = Probe(objective)
    once, twice, fourfold = (
        probe.rows(torch.arange(8).repeat(times)).outputs(Recorder(_CPU)) for times in (1, 2, 4)
    )
    for name, value in twice.items():
        # Unbiased statistics over the batch converge: each doubling changes them less.
        before, after = (value - once[name]).abs(), (fourfold[name] - value).abs()
        if (after > before + 1e-4 * value.abs() + 1e-6).any():
            raise BrokenError(
                f"{name} grows with the batch: {short(once[name])}, and {short(value)} for the "
                "same samples twice over; use .mean() over the batch, and in a gradient penalty "
                "one norm a sample (input_gradient gives [B, features])"
            )


def inputs(objective: Objective) -> None:
    """No input is changed in place."""
    for shape in SHAPES:
        probe, kept = Probe(objective, shape), Probe(objective, shape)
        probe.outputs(Recorder(_CPU))
        objective.constrain(probe.parameters)
        if not all(map(torch.equal, probe.tensors(), kept.tensors())):
            raise BrokenError(
                "an input is changed in place; use a = a + b for a += b, and clamp for clamp_"
            )


def randomness(objective: Objective) -> None:
    """Randomness comes from the context alone."""
    before = _global_states()
    first = Probe(objective).outputs(Draws())
    if _global_states() != before:
        raise BrokenError(
            "the global random state of torch, numpy or random is drawn from; use context.noise"
        )
    for name, value in Probe(objective).outputs(Draws()).items():
        if not torch.equal(value, first[name]):
            raise BrokenError(
                f"{name} is {short(first[name])} and then {short(value)} for the same inputs; "
                "draw from context.noise alone and keep no state"
            )


def penalty(objective: Objective) -> None:
    """Penalties are finite scalars with finite gradients and ask for fixed noise."""
    for name, shape in product(PENALTIES, SHAPES):
        probe, asked = Probe(objective, shape), []
        method = getattr(probe.objective, name)
        for scale, step in ((1.0, 0), (0.0, 1), (-1.0, 100_000)):
            noise = Recorder(_CPU)
            method(probe.critic, probe.context(noise, step, scale))
            asked.append(noise.requests)
        if asked[1:] != asked[:-1]:
            raise BrokenError(
                f"the noise that {name} asks for depends on the samples or the step: "
                f"{asked[0]}, {asked[1]}, {asked[2]}; always ask for the same, in the same order"
            )
        for scale, kind in ((1.0, "a critic of ordinary slope"), (0.0, "a critic of slope 0")):
            probe.critic.weight = (scale * probe.critic.weight.detach()).requires_grad_()
            value = method(probe.critic, probe.context(Draws()))
            if value is None:
                continue
            if not is_scalar(value):
                raise BrokenError(f"{name} is {short(value)}; it must be a scalar tensor or None")
            gradient = torch.zeros(())
            if value.requires_grad:
                weight = probe.critic.weight
                (gradient,) = torch.autograd.grad(value, weight, materialize_grads=True)
            if not (torch.isfinite(value) and torch.isfinite(gradient).all()):
                raise BrokenError(
                    f"{name} is {short(value)} with gradient {short(gradient)} for {kind} and "
                    f"samples of shape {shape}; torch.linalg.vector_norm has a gradient at 0, "
                    "where sqrt has none"
                )


def per_sample_gradient(objective: Objective) -> None:
    """A penalty on the critic's slope declares it, so that no critic mixes samples."""
    probe, differentiated = Probe(objective), False

    class Watched(ProbeCritic):
        def __call__(self, samples: Tensor) -> Tensor:
            nonlocal differentiated
            differentiated |= samples.requires_grad
            return super().__call__(samples)

    critic = Watched(probe.critic.weight, objective.needs())
    probe.objective.penalty(critic, probe.context(Draws()))
    if differentiated and not objective.per_sample_gradient:
        raise BrokenError(
            "penalty differentiates the critic at its input, which batch normalisation in the "
            "critic would falsify; set per_sample_gradient = True in the class"
        )


def constraint(objective: Objective) -> None:
    """The constraint keeps names and shapes, and is a projection."""
    before = Probe(objective).parameters
    once = objective.constrain(before)
    if {name: value.shape for name, value in once.items()} != {
        name: value.shape for name, value in before.items()
    }:
        raise BrokenError("constrain must return every parameter under its name, in its shape")
    twice = objective.constrain(once)
    for name, value in once.items():
        if not _close(value, twice[name]):
            raise BrokenError(
                f"constrain changes {name!r} again when applied again; it must leave alone what "
                "keeps to the constraint"
            )


def _close(first: Tensor, second: Tensor) -> bool:
    return torch.allclose(first, second, rtol=1e-4, atol=1e-5)


def _global_states() -> list[Any]:
    # The legacy generator is what a plugin must leave alone, so its state is what is compared.
    name, keys, *rest = np.random.get_state()  # noqa: NPY002
    torch_state = torch.get_rng_state().tolist()
    return [random.getstate(), name, np.asarray(keys).tolist(), rest, torch_state]
