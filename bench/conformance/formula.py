"""What must hold of an objective's definition and of its losses as functions of logits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import MISSING, fields
from itertools import product

import torch
from torch import Tensor

from bench.conformance.probe import LEVELS, LOSSES, BrokenError, Probe, batch, is_scalar, short
from bench.objectives.base import Objective
from bench.optimizers import Optimizer

_ADVICE = "use softplus(∓logit) or logsigmoid, never log(sigmoid(logit))"


def definition(cls: type[Objective]) -> None:
    """The class is a frozen dataclass that says what it is and what its paper trained with."""
    if "__dataclass_params__" not in vars(cls):
        raise BrokenError(f"{cls.__name__} lacks @dataclass(frozen=True) above its class line")
    for field in fields(cls):
        if field.default is MISSING and field.default_factory is MISSING:
            raise BrokenError(
                f"the hyper-parameter {field.name!r} has no default; give it the paper's value"
            )
    for name in ("title", "reference"):
        text = getattr(cls, name, None)
        if not isinstance(text, str) or not text.strip():
            raise BrokenError(f"{name!r} is missing; set it to a text in the class")
    for name in ("generator_optimizer", "discriminator_optimizer"):
        if not isinstance(getattr(cls, name), Optimizer):
            raise BrokenError(f"{name!r} must be made by adam(...), rmsprop(...) or sgd(...)")
    steps = cls.discriminator_steps
    if not isinstance(steps, int) or steps < 1:
        raise BrokenError(f"'discriminator_steps' is {steps!r}; it must be a whole number ≥ 1")
    if not isinstance(cls.divergence, str | None):
        raise BrokenError(f"'divergence' is {cls.divergence!r}; it must be a text or None")


def finite_losses(objective: Objective) -> None:
    """Losses and gradients are finite in float32 at ±100, and equal to those in float64."""
    parts = ("", "gradient at the real logits of ", "gradient at the fake logits of ")
    needs = objective.needs()
    for loss, real, fake in product(LOSSES, LEVELS, LEVELS):
        single, double = (
            _with_gradients(objective, loss, batch(real, needs, dtype), batch(fake, needs, dtype))
            for dtype in (torch.float32, torch.float64)
        )
        where = f"for real logits near {real:g} and fake logits near {fake:g}"
        for part, low, high in zip(parts, single, double, strict=True):
            if not torch.isfinite(low).all():
                raise BrokenError(
                    f"the {part}{loss} is {short(low)} {where}; it must be finite in float32 for "
                    f"logits between −100 and 100: {_ADVICE}"
                )
            if torch.isfinite(high).all() and not torch.allclose(
                low.double(), high.double(), rtol=1e-4, atol=1e-5
            ):
                raise BrokenError(
                    f"the {part}{loss} is {short(low)} in float32 but {short(high)} in float64 "
                    f"{where}: {_ADVICE}"
                )


def saturation(objective: Objective) -> None:
    """No loss has a large gradient at middling logits and none at either end."""
    levels = (-25.0, -20.0, -15.0, -10.0, -5.0, 0.0, 5.0, 10.0, 15.0, 20.0, 25.0)
    for loss, side in (("discriminator_loss", 1), ("discriminator_loss", 2), ("generator_loss", 2)):
        slopes = _slopes(objective, loss, side, levels)
        ends = _slopes(objective, loss, side, (-100.0, 100.0))
        # A loss may be bounded, as tanh is; but then it is flat at ±5 already.
        outer = max(value for value, at in zip(slopes, levels, strict=True) if abs(at) >= 5)
        if max(ends) < 1e-6 * max(slopes) and outer > 0.3 * max(slopes):
            raise BrokenError(
                f"{loss} saturates: its gradient at the {('real', 'fake')[side - 1]} logits is "
                "large at ±5 or beyond but 0 at both −100 and 100, which log(sigmoid(logit) + ε) "
                f"and clamp do; {_ADVICE}, and go on along the tangent where a clamp is needed"
            )


def gradients(objective: Objective) -> None:
    """Both losses have a gradient at the logits that their player changes."""
    if not any(_slopes(objective, "generator_loss", 2, LEVELS)):
        raise BrokenError(
            "generator_loss has no gradient at the fake logits anywhere, so that the generator "
            "learns nothing; use its second argument, without detach()"
        )
    if not any(value for side in (1, 2) for value in _slopes(objective, LOSSES[0], side, LEVELS)):
        raise BrokenError(
            "discriminator_loss has no gradient at the logits anywhere, so that the discriminator "
            "learns nothing; use its arguments, without detach()"
        )


def estimate(objective: Objective) -> None:
    """The divergence estimate is a finite scalar."""
    stated, needs = Probe(objective).objective, objective.needs()
    for real, fake in product(LEVELS, LEVELS):
        value = stated.estimate(batch(real, needs), batch(fake, needs))
        if not is_scalar(value) or not torch.isfinite(value):
            raise BrokenError(
                f"estimate is {short(value)} for real logits near {real:g} and fake logits near "
                f"{fake:g}; it must be a finite scalar tensor for logits between −100 and 100"
            )


def _with_gradients(objective: Objective, loss: str, real: Tensor, fake: Tensor) -> list[Tensor]:
    """Return a loss and its gradients at real and fake logits."""
    value = getattr(Probe(objective).objective, loss)(real, fake)
    if not is_scalar(value):
        raise BrokenError(f"{loss} is {short(value)}, not a scalar tensor; end it with .mean()")
    if not value.requires_grad:
        return [value, torch.zeros_like(real), torch.zeros_like(fake)]
    return [value.detach(), *torch.autograd.grad(value, (real, fake), materialize_grads=True)]


def _slopes(objective: Objective, loss: str, side: int, levels: Iterable[float]) -> list[float]:
    """Return gradient norms at real (1) or fake (2) logits near each level, the other near 0."""
    norms, needs = [], objective.needs()
    for level in levels:
        logits = [batch(0.0, needs, torch.float64) for _ in range(2)]
        logits[side - 1] = batch(level, needs, torch.float64)
        norms.append(float(_with_gradients(objective, loss, *logits)[side].norm()))
    return norms
