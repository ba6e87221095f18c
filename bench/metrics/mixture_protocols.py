"""Protocols for mixtures: modes, distances to a stratified reference, and likelihoods."""

from __future__ import annotations

import numpy as np

from bench.datasets.base import Mixture, Samples
from bench.metrics.kernels import Reference
from bench.metrics.likelihood import LARGEST_DIMENSION, ParzenWindow, mean_log_density
from bench.metrics.modes import PUBLISHED, high_quality_radius, mode_metrics
from bench.metrics.protocols import EvaluationSettings, Protocols, Sides, named, stream
from bench.metrics.transport import sliced_wasserstein2, wasserstein1
from bench.records import DROPPED, NOISY, PRIMARY, REAL, SELECTION, Measurement

#: Draws of each control.
REPLICATES = 10
#: Share of the weight that the control with modes removed lacks, as nearly as modes come.
REMOVED = 0.25
#: Root mean square length of the noise of the control with noise, in spreads of a component.
NOISE = 10.0


class MixtureProtocols(Protocols):
    """Measures samples of a mixture.

    Reported are

    - ``stratified-N``: ``w1``, ``sliced_w2``, ``mmd`` and ``energy``;
    - ``likelihood-N``: ``log_density`` where the components have one, and ``log_likelihood`` in
      at most :data:`LARGEST_DIMENSION` dimensions;
    - ``modes-Rsigma-N``: the metrics of :func:`mode_metrics`, where the components are modes. R
      is the radius that holds 98.889 % of a component. Under a protocol's own radius there are
      the metrics that it has (:data:`PUBLISHED`).

    ``selection-N`` is ``w1`` against a reference of its own.
    """

    def __init__(self, mixture: Mixture, settings: EvaluationSettings) -> None:
        self._mixture = mixture
        self._modes = settings.mode_samples if mixture.modal else 0
        self._transport = settings.transport_samples
        self.reported = max(self._modes, self._transport)
        self.selecting = settings.selection_samples
        self._reference = self._real(self._transport, "reference")
        self._selection_reference = self._real(self.selecting, "selection-reference")
        names = ("reference-u", "reference-v", "validation", "test")
        first, second, validation, test = (self._real(self._transport, name) for name in names)
        self._kernels = Reference.of(self._reference, (first, second), mixture.spread)
        # A quarter of a coordinate's deviation within a mode.
        smallest = mixture.spread / np.sqrt(mixture.shape[0]) / 4
        self._window = ParzenWindow.of(validation, test, smallest)

    def report(self, samples: Samples) -> list[Measurement]:
        """Measure ``[reported, d]`` samples by all that suits the mixture."""
        transported = samples[: self._transport]
        distances = {
            "w1": wasserstein1(transported, self._reference),
            "sliced_w2": sliced_wasserstein2(transported, self._reference),
            **self._kernels.discrepancies(transported),
        }
        return [
            *named(f"stratified-{self._transport}", distances),
            *named(f"likelihood-{self._transport}", self._likelihoods(transported)),
            *(self._mode_metrics(samples[: self._modes]) if self._mixture.modal else ()),
        ]

    def select(self, samples: Samples) -> Measurement:
        """Measure ``[selecting, d]`` samples by ``w1`` to the selection reference."""
        value = wasserstein1(samples, self._selection_reference)
        return Measurement(PRIMARY[self._mixture.kind], f"{SELECTION}-{self.selecting}", value)

    def controls(self) -> dict[str, list[Sides]]:
        """Return draws of the truth, of the truth without some modes, and the first with noise.

        Modes are removed until a quarter of the weight is gone, as nearly as they come; of what
        has no modes, the last quarter. The noise is isotropic, :data:`NOISE` times as long as
        samples are from their mode. Several draws of each: one draw's distance to the reference
        varies by half of itself.
        """
        mixture, rng = self._mixture, stream(self._mixture.name, NOISY)
        scale = NOISE * mixture.spread / np.sqrt(mixture.shape[0])
        draws = {REAL: self._draws(mixture, REAL)}
        if len(mixture.means) > 1:
            draws[DROPPED] = self._draws(_without_a_quarter(mixture), DROPPED)
        # Other draws' mode counts would differ by more than noise adds to some distances.
        noisy = [samples + rng.normal(scale=scale, size=samples.shape) for samples in draws[REAL]]
        draws[NOISY] = [samples.astype(np.float32) for samples in noisy]
        return {variant: [self._sides(each) for each in draws[variant]] for variant in draws}

    def _likelihoods(self, samples: Samples) -> dict[str, float]:
        values = {}
        if not self._mixture.flat:
            values["log_density"] = mean_log_density(samples, self._mixture)
        if self._mixture.shape[0] <= LARGEST_DIMENSION:
            values["log_likelihood"] = self._window.log_likelihood(samples)
        return values

    def _mode_metrics(self, samples: Samples) -> list[Measurement]:
        radius, own = high_quality_radius(self._mixture.rank), self._mixture.radius
        measured = named(self._modes_protocol(radius), mode_metrics(samples, self._mixture))
        if own:
            values = mode_metrics(samples, self._mixture, own)
            published = {metric: values[metric] for metric in PUBLISHED}
            measured += named(self._modes_protocol(own), published)
        return measured

    def _modes_protocol(self, radius: float) -> str:
        return f"modes-{radius:.3g}sigma-{self._modes}"

    def _real(self, count: int, name: str) -> Samples:
        return self._mixture.stratified(count, stream(self._mixture.name, name))

    def _draws(self, mixture: Mixture, variant: str) -> list[Samples]:
        rng = stream(mixture.name, variant)
        return [mixture.sample(self.reported + self.selecting, rng) for _ in range(REPLICATES)]

    def _sides(self, samples: Samples) -> Sides:
        return Sides(samples[: self.reported], samples[self.reported :])


def _without_a_quarter(mixture: Mixture) -> Mixture:
    """Return the mixture without the last components that weigh as near to a quarter as can be."""
    weights = np.cumsum(mixture.weights[:0:-1])
    return mixture.without(1 + int(np.abs(weights - REMOVED).argmin()))
