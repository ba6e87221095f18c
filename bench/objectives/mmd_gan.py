"""MMD GAN (Li et al. 2017)."""

from dataclasses import dataclass

from torch import Tensor

from bench.objectives.base import Needs, Objective, Tensors, rmsprop, squared_distances


@dataclass(frozen=True)
class MMDGAN(Objective):
    """The squared maximum mean discrepancy between learned features, weights clipped.

    The kernel is the sum of exp(−‖a − b‖²/2σ²) over the bandwidths σ. The paper's autoencoder,
    which keeps the features injective, is left out, and so is its code's square root. MMD² is
    estimated without bias and can be negative; it is one between learned features, which no
    divergence of the samples bounds. Batches have at least two samples.

    Attributes:
        outputs: Number of features; the paper's grows with the data, up to 128.
        clip: The weights stay in [−clip, clip].
        bandwidths: The σ.
    """

    title = "MMD GAN"
    reference = "Li et al. 2017, MMD GAN: Towards Deeper Understanding of Moment Matching, NIPS"
    generator_optimizer = rmsprop(5e-5)
    discriminator_optimizer = rmsprop(5e-5)
    discriminator_steps = 5
    slope = "clipped"

    outputs: int = 16
    clip: float = 0.01
    bandwidths: tuple[float, ...] = (1.0, 2.0, 4.0, 8.0, 16.0)

    def needs(self) -> Needs:
        """Return that the discriminator gives features."""
        return Needs(outputs=self.outputs)

    def discriminator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return −MMD²."""
        return -self.generator_loss(real, fake)

    def generator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return MMD² = E k(x, x') + E k(y, y') − 2E k(x, y) over all different pairs."""
        return self._within(real) + self._within(fake) - 2 * self._kernel(real, fake).mean()

    def estimate(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return MMD²."""
        return self.generator_loss(real, fake)

    def constrain(self, parameters: Tensors) -> Tensors:
        """Clip every parameter to [−clip, clip]."""
        return {name: value.clamp(-self.clip, self.clip) for name, value in parameters.items()}

    def _within(self, features: Tensor) -> Tensor:
        count = len(features)
        return self._kernel(features, features).sum() / (count * (count - 1))

    def _kernel(self, first: Tensor, second: Tensor) -> Tensor:
        """Return the kernel less its value at 0, which cancels in MMD², for each pair.

        Clipped features are so close that the kernel itself would be rounded to that value.
        """
        squares = squared_distances(first, second)
        terms = [(squares / (-2 * sigma**2)).expm1() for sigma in self.bandwidths]
        total: Tensor = sum(terms[1:], start=terms[0])
        return total
