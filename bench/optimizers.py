"""Optimiser settings: what a paper or a study says, without torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

#: The options that each optimiser knows beside its learning rate.
OPTIONS: Mapping[str, tuple[str, ...]] = {
    "adam": ("betas", "eps", "weight_decay"),
    "rmsprop": ("alpha", "eps", "momentum", "weight_decay"),
    "sgd": ("momentum", "weight_decay"),
}


@dataclass(frozen=True)
class Optimizer:
    """An optimiser by name with its keyword arguments, as ``torch.optim`` calls them.

    Attributes:
        name: ``"adam"``, ``"rmsprop"`` or ``"sgd"``.
        lr: Learning rate.
        options: Further arguments, such as ``betas``, ``alpha`` or ``momentum``.
    """

    name: str
    lr: float
    options: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> Optimizer:
        """Read an optimiser from a study's ``{name: adam, lr: 0.001, betas: [0.5, 0.9]}``."""
        rest = {key: value for key, value in mapping.items() if key not in ("name", "lr")}
        return cls(mapping["name"], float(mapping["lr"]), rest)

    def to_mapping(self) -> dict[str, Any]:
        """Return the mapping that :meth:`from_mapping` reads."""
        return {"name": self.name, "lr": self.lr, **self.options}

    def __str__(self) -> str:
        options = "".join(f", {key} {value}" for key, value in self.options.items())
        return f"{self.name}, lr {self.lr:g}{options}"


def adam(lr: float, beta1: float, beta2: float) -> Optimizer:
    """Adam (Kingma and Ba 2015)."""
    return Optimizer("adam", lr, {"betas": [beta1, beta2]})


def rmsprop(lr: float) -> Optimizer:
    """RMSProp (Hinton 2012) with torch's smoothing constant, 0.99."""
    return Optimizer("rmsprop", lr)


def sgd(lr: float, momentum: float = 0.0) -> Optimizer:
    """Stochastic gradient descent, with heavy-ball momentum if given."""
    return Optimizer("sgd", lr, {"momentum": momentum})
