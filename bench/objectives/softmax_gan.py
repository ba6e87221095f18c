"""Softmax GAN (Lin 2017)."""

from dataclasses import dataclass
from math import log

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from bench.objectives.base import Objective, adam


@dataclass(frozen=True)
class SoftmaxGAN(Objective):
    """A softmax over the whole batch, of as many real samples as fake ones.

    The discriminator's target is all probability on the real samples, the generator's the same
    probability for every sample; both players' losses are the cross-entropies, and see both
    batches. The logit is minus the paper's μ. The optimiser is DCGAN's, with whose networks the
    paper trains.

    In the limit of large batches the discriminator's value E_p v − log E_m exp v, m = (p + q)/2,
    is the Donsker-Varadhan bound of KL(p‖m).
    """

    title = "Softmax GAN"
    reference = "Lin 2017, Softmax GAN, arXiv:1704.06191"
    generator_optimizer = adam(2e-4, 0.5, 0.999)
    discriminator_optimizer = adam(2e-4, 0.5, 0.999)
    divergence = "Kullback-Leibler divergence of p from (p + q)/2"
    shift_invariant = True

    def discriminator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return −E v(x) + log Z, where Z sums exp v over both batches."""
        return torch.cat([real, fake]).logsumexp(0) - real.mean()

    def generator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return −½(E v(x) + E v(G(z))) + log Z."""
        both = torch.cat([real, fake])
        return both.logsumexp(0) - both.mean()

    def estimate(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return log(2B) − L for batches of B, which makes a mean of the sum in Z."""
        return log(len(real) + len(fake)) - self.discriminator_loss(real, fake)

    def optimal_logit(self, log_ratio: Tensor) -> Tensor:
        """Return log p/m, which is unique up to a constant."""
        return log(2) + logsigmoid(log_ratio)
