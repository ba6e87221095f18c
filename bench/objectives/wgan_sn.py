"""Wasserstein GAN with spectral normalisation (Miyato et al. 2018)."""

from dataclasses import dataclass

from torch import Tensor

from bench.objectives.base import (
    Context,
    Objective,
    Tensors,
    adam,
    spectral_next,
    spectral_normalised,
    spectral_start,
)


@dataclass(frozen=True)
class WGANSN(Objective):
    """The WGAN critic with every weight matrix divided by its largest singular value.

    Each layer has slope one at most and so has the critic, but how much less depends on the
    network: the gap is the Wasserstein distance up to a factor. A convolution's kernel counts as a
    matrix ``[out, rest]``, as in the paper, which bounds its slope up to a factor too. Optimiser
    and step ratio are those of the paper's residual networks.
    """

    title = "WGAN, spectral normalisation"
    reference = (
        "Miyato et al. 2018, Spectral Normalization for Generative Adversarial Networks, ICLR"
    )
    generator_optimizer = adam(2e-4, 0.0, 0.9)
    discriminator_optimizer = adam(2e-4, 0.0, 0.9)
    discriminator_steps = 5
    divergence = "1-Wasserstein distance, up to a factor"
    caveat = "the critic's slope is not the same everywhere"
    lower_bound = False
    batch_norm = False
    slope = "normalised"

    def discriminator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return E D(G(z)) − E D(x)."""
        return fake.mean() - real.mean()

    def generator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return −E D(G(z))."""
        return -fake.mean()

    def initial_state(self, discriminator: Tensors, generator: Tensors) -> Tensors:
        """Return each matrix's first left singular vector."""
        return spectral_start(discriminator)

    def weights(self, parameters: Tensors) -> Tensors:
        """Return the parameters, each matrix divided by its largest singular value."""
        return spectral_normalised(parameters, self.state)

    def after_discriminator_step(self, context: Context) -> Tensors:
        """Return the singular vectors after one more step of the power iteration."""
        return spectral_next(context.parameters, self.state)
