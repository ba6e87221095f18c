"""Sinkhorn GAN (Genevay et al. 2018)."""

from dataclasses import dataclass
from math import log

import torch
from torch import Tensor

from bench.objectives.base import Needs, Objective, Tensors, distances, rmsprop


@dataclass(frozen=True)
class SinkhornGAN(Objective):
    """The Sinkhorn divergence between learned features, weights clipped as in the paper's code.

    2W(x, y) − W(x, x) − W(y, y), where W is the mean distance under the plan that ``iterations``
    rounds of Sinkhorn's algorithm reach, through which both players differentiate. It is 0 between
    equal batches. For ε far below the distances it is twice the Wasserstein distance, far above
    them (and so as a rule for clipped features) the energy distance of the batches (theorem 1). It
    is one between learned features, which no divergence of the samples bounds.

    Attributes:
        outputs: Number of features.
        epsilon: ε, the weight of the plan's entropy, in the features' units.
        iterations: Rounds of Sinkhorn's algorithm.
        clip: The weights stay in [−clip, clip].
    """

    title = "Sinkhorn GAN"
    reference = "Genevay et al. 2018, Learning Generative Models with Sinkhorn Divergences, AISTATS"
    generator_optimizer = rmsprop(5e-5)
    discriminator_optimizer = rmsprop(5e-5)
    slope = "clipped"

    outputs: int = 16
    epsilon: float = 1.0
    iterations: int = 10
    clip: float = 0.01

    def needs(self) -> Needs:
        """Return that the discriminator gives features."""
        return Needs(outputs=self.outputs)

    def discriminator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return minus the Sinkhorn divergence."""
        return -self.generator_loss(real, fake)

    def generator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return the Sinkhorn divergence."""
        between = self._transport(real, fake)
        return 2 * between - self._transport(real, real) - self._transport(fake, fake)

    def estimate(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return the Sinkhorn divergence."""
        return self.generator_loss(real, fake)

    def constrain(self, parameters: Tensors) -> Tensors:
        """Clip every parameter to [−clip, clip]."""
        return {name: value.clamp(-self.clip, self.clip) for name, value in parameters.items()}

    def _transport(self, first: Tensor, second: Tensor) -> Tensor:
        """Return Σ plan·distance; the plan is exp(u + v − distance/ε), in the log domain."""
        cost = distances(first, second)
        rows, columns = cost.shape
        exponent = -cost / self.epsilon
        v = torch.zeros_like(cost[0])
        for _ in range(self.iterations):
            u = -log(rows) - torch.logsumexp(exponent + v, dim=1)
            v = -log(columns) - torch.logsumexp(exponent + u[:, None], dim=0)
        return ((exponent + u[:, None] + v).exp() * cost).sum()
