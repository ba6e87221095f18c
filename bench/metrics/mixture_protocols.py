"""Protocols for mixtures: mode metrics, and transport distances to a stratified reference."""

from __future__ import annotations

from bench.datasets.base import Mixture, Samples
from bench.metrics.modes import mode_metrics
from bench.metrics.protocols import EvaluationSettings, Protocols, Sides, named, stream
from bench.metrics.transport import sliced_wasserstein2, wasserstein1
from bench.records import DROPPED, PRIMARY, REAL, SELECTION, Measurement

#: Draws of each control.
REPLICATES = 10


class MixtureProtocols(Protocols):
    """Measures samples of a mixture.

    Reported are ``stratified-N`` (``w1``, ``sliced_w2``) and ``modes-3sigma-N`` (the metrics of
    :func:`mode_metrics`); ``selection-N`` is ``w1`` against a reference of its own.
    """

    def __init__(self, mixture: Mixture, settings: EvaluationSettings) -> None:
        self._mixture = mixture
        self._modes = settings.mode_samples
        self._transport = settings.transport_samples
        self.reported = max(self._modes, self._transport)
        self.selecting = settings.selection_samples
        self._reference = mixture.stratified(self._transport, stream(mixture.name, "reference"))
        self._selection_reference = mixture.stratified(
            self.selecting, stream(mixture.name, "selection-reference")
        )

    def report(self, samples: Samples) -> list[Measurement]:
        """Measure ``[reported, d]`` samples by transport distances and mode metrics."""
        transported = samples[: self._transport]
        distances = {
            "w1": wasserstein1(transported, self._reference),
            "sliced_w2": sliced_wasserstein2(transported, self._reference),
        }
        modes = mode_metrics(samples[: self._modes], self._mixture)
        return [
            *named(f"stratified-{self._transport}", distances),
            *named(f"modes-3sigma-{self._modes}", modes),
        ]

    def select(self, samples: Samples) -> Measurement:
        """Measure ``[selecting, d]`` samples by ``w1`` to the selection reference."""
        value = wasserstein1(samples, self._selection_reference)
        return Measurement(PRIMARY["mixture"], f"{SELECTION}-{self.selecting}", value)

    def controls(self) -> dict[str, list[Sides]]:
        """Return draws of the truth, and of the truth without a quarter of its modes.

        Several of each: one draw's distance to the reference varies by half of itself.
        """
        dropped = self._mixture.without(max(1, len(self._mixture.means) // 4))
        return {REAL: self._draws(self._mixture, REAL), DROPPED: self._draws(dropped, DROPPED)}

    def _draws(self, mixture: Mixture, variant: str) -> list[Sides]:
        rng = stream(mixture.name, variant)
        draws = (mixture.sample(self.reported + self.selecting, rng) for _ in range(REPLICATES))
        return [Sides(samples[: self.reported], samples[self.reported :]) for samples in draws]
