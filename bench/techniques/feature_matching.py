"""Feature matching in place of the generator's loss (Salimans et al. 2016, section 3.1)."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from bench.techniques.base import Context, Critic, Technique


@dataclass(frozen=True)
class FeatureMatching(Technique):
    """The generator minimises ‖E f(x) − E f(G(z))‖² and nothing else.

    f are the discriminator's features, what stands before its last layer. The discriminator's
    loss is the objective's; the generator's is not.
    """

    title = "Feature matching"
    reference = "Salimans et al. 2016, Improved Techniques for Training GANs, NIPS"

    def generator_loss(
        self, loss: Callable[[], Tensor], critic: Critic, context: Context
    ) -> Tensor:
        """Return ‖E f(x) − E f(G(z))‖² over the batch."""
        real, fake = critic.features(context.real), critic.features(context.fake)
        return (real.mean(dim=0) - fake.mean(dim=0)).square().sum()
