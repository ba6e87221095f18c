"""An objective and the techniques that it is combined with, checked to make sense together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import Any

from bench import objectives, techniques
from bench.components import Component, Needs
from bench.objectives.base import Objective
from bench.plugins import ConflictError
from bench.techniques.base import Technique

#: Why two ways to rule the critic's slope exclude one another.
_EXCLUDED: Mapping[frozenset[str], str] = {
    frozenset({"clipped", "one"}): (
        "clipped weights keep the critic's slope far from the 1 that the penalty asks for"
    ),
    frozenset({"clipped", "at most one"}): (
        "clipped weights keep the critic's slope below 1, where the penalty does nothing"
    ),
    frozenset({"clipped", "normalised"}): (
        "the weights are divided by their norm, so that clipping them changes nothing"
    ),
    frozenset({"one", "zero"}): "one pulls the critic's slope to 1, the other to 0",
    frozenset({"one", "at most one"}): "both hold the critic's slope to 1; one of them is enough",
    frozenset({"clipped"}): "the weights are clipped twice",
    frozenset({"normalised"}): "the weights are normalised twice",
    frozenset({"one"}): "both pull the critic's slope to 1; one of them is enough",
    frozenset({"at most one"}): "both hold the critic's slope to 1; one of them is enough",
}


@dataclass(frozen=True)
class Game:
    """What both players minimise.

    Attributes:
        objective: The objective.
        techniques: What it is combined with, by name, in the order of their application.

    Raises:
        ConflictError: The parts do not make sense together; the message says why.
    """

    objective: Objective
    techniques: Mapping[str, Technique] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _ = self.needs
        self._check_slopes()
        self._check_batches()
        self._check_networks()
        for name, technique in self.techniques.items():
            reason = technique.refusal(self.objective)
            if reason:
                raise ConflictError(f"{name}: {reason}")

    @classmethod
    def make(
        cls,
        sources: Mapping[str, str | Path],
        objective: str,
        hyperparameters: Mapping[str, Any],
        settings: Mapping[str, Mapping[str, Any]],
    ) -> Game:
        """Make a game from the files of its parts.

        Args:
            sources: The file of the objective and of each technique by name.
            objective: The objective's name.
            hyperparameters: The objective's, where they differ from its defaults.
            settings: Each technique's settings by its name.

        Raises:
            PluginError: A part cannot be made so.
            ConflictError: The parts do not make sense together.
        """
        return cls(
            objectives.create(Path(sources[objective]), hyperparameters),
            {
                name: techniques.create(Path(sources[name]), chosen)
                for name, chosen in settings.items()
            },
        )

    @property
    def components(self) -> tuple[Component, ...]:
        """The objective and then the techniques."""
        return (self.objective, *self.techniques.values())

    @cached_property
    def needs(self) -> Needs:
        """What all parts together ask of networks and engine."""
        return Needs.together({name: part.needs() for name, part in self._named()})

    @property
    def per_sample_gradient(self) -> bool:
        """Whether the discriminator must not mix the samples of a batch."""
        return any(part.per_sample_gradient for part in self.components)

    @property
    def batch_norm(self) -> bool:
        """Whether the discriminator may have batch normalisation, by a reference batch at least."""
        return all(part.batch_norm for part in self.components)

    def _named(self) -> Iterator[tuple[str, Component]]:
        yield f"the objective ({self.objective.title})", self.objective
        yield from self.techniques.items()

    def _check_slopes(self) -> None:
        ruling = [(name, part.slope) for name, part in self._named() if part.slope]
        for (first, one), (second, other) in combinations(ruling, 2):
            reason = _EXCLUDED.get(frozenset({one, other}))
            if reason:
                raise ConflictError(f"{first} and {second} exclude one another: {reason}")

    def _check_batches(self) -> None:
        for name, part in self._named():
            if not part.needs().minibatch:
                continue
            for other, differentiates in self._named():
                if differentiates.per_sample_gradient:
                    raise ConflictError(
                        f"{name} and {other} exclude one another: the penalty is on the slope at "
                        "each single sample, and a discriminator that compares the samples of a "
                        "batch has none"
                    )

    def _check_networks(self) -> None:
        needs = self.needs
        if needs.labels and needs.packing > 1:
            raise ConflictError(
                "class labels and packing exclude one another: a pack of samples has no one class"
            )
        if needs.labels and (needs.reconstruction or needs.outputs > 1):
            what = "is an autoencoder" if needs.reconstruction else "has several outputs"
            raise ConflictError(
                "class labels need a discriminator with a logit to project on; that of the "
                f"objective ({self.objective.title}) {what}"
            )
        if needs.reconstruction and needs.minibatch:
            raise ConflictError(
                f"minibatch {needs.minibatch} needs a last layer to stand before; the "
                f"discriminator of the objective ({self.objective.title}) is an autoencoder"
            )
        for name, technique in self.techniques.items():
            if needs.outputs > 1 and technique.slope in ("one", "at most one", "zero"):
                raise ConflictError(
                    f"{name} is a penalty on the slope of one output; the discriminator of the "
                    f"objective ({self.objective.title}) has several"
                )
