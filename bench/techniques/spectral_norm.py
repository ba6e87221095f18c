"""Spectral normalisation of the discriminator's weights (Miyato et al. 2018)."""

from dataclasses import dataclass

from bench.techniques.base import (
    Context,
    Technique,
    Tensors,
    spectral_next,
    spectral_normalised,
    spectral_start,
)


@dataclass(frozen=True)
class SpectralNorm(Technique):
    """Each weight matrix W of the discriminator acts as W/σ(W), its largest singular value.

    A kernel counts as a matrix of shape ``[out, in·k·k]``; biases stay as they are. σ comes from
    a power iteration that goes on by one step in each discriminator step (algorithm 1). It starts
    from the exact singular vectors of the initial weights, where the paper starts at random.
    """

    title = "Spectral normalisation"
    reference = (
        "Miyato et al. 2018, Spectral Normalization for Generative Adversarial Networks, ICLR"
    )
    batch_norm = False
    slope = "normalised"

    def weights(self, parameters: Tensors) -> Tensors:
        """Return W/σ for each matrix and the other parameters unchanged."""
        return spectral_normalised(parameters, self.state)

    def initial_state(self, discriminator: Tensors, generator: Tensors) -> Tensors:
        """Return the first left singular vector of each of the discriminator's matrices."""
        return spectral_start(discriminator)

    def after_discriminator_step(self, context: Context) -> Tensors:
        """Return the singular vectors that this step has used."""
        return spectral_next(context.parameters, self.state)
