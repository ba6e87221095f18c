"""Energy-based GAN (Zhao et al. 2017)."""

from dataclasses import dataclass

from torch import Tensor
from torch.nn.functional import normalize, relu

from bench.objectives.base import Context, Critic, Needs, Objective, adam


@dataclass(frozen=True)
class EBGAN(Objective):
    """The discriminator is an autoencoder; its squared error D at a sample is the energy.

    With the margin m, D at the optimum is such that the players' common value is at most m, and m
    where the generator has the data's distribution (theorem 1): no divergence is estimated.

    Attributes:
        margin: m, in units of the mean squared error a coordinate, which is about the data's
            variance for an autoencoder that knows nothing. The paper's 10 to 80 have other units.
        pulling_away: Weight of the pulling-away term of the generator (section 2.4), 0 for EBGAN
            and 0.1 for the paper's EBGAN-PT.
    """

    title = "EBGAN"
    reference = "Zhao, Mathieu and LeCun 2017, Energy-based Generative Adversarial Network, ICLR"
    generator_optimizer = adam(1e-3, 0.5, 0.999)
    discriminator_optimizer = adam(1e-3, 0.5, 0.999)

    margin: float = 1.0
    pulling_away: float = 0.0

    def needs(self) -> Needs:
        """Return that the discriminator is an autoencoder with a squared error."""
        return Needs(reconstruction="squared")

    def discriminator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return E D(x) + E max(0, m − D(G(z)))."""
        return real.mean() + relu(self.margin - fake).mean()

    def generator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return E D(G(z))."""
        return fake.mean()

    def generator_penalty(self, critic: Critic, context: Context) -> Tensor | None:
        """Return the weighted mean squared cosine between the codes of different fakes."""
        if self.pulling_away == 0:
            return None
        codes = normalize(critic.features(context.fake), dim=1)
        squares = (codes @ codes.T).square()
        count = len(codes)
        different = squares.sum() - squares.diagonal().sum()
        return self.pulling_away * different / (count * (count - 1))

    def estimate(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return E D(G(z)) − E D(x), 0 where the discriminator tells nothing apart."""
        return fake.mean() - real.mean()
