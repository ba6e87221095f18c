"""PacGAN (Lin et al. 2018)."""

from dataclasses import dataclass
from math import log

from torch import Tensor
from torch.nn.functional import softplus

from bench.objectives.base import Needs, Objective, adam


@dataclass(frozen=True)
class PacGAN(Objective):
    """The non-saturating GAN whose discriminator judges packs of k samples of one kind.

    It estimates a divergence between the products p^k and q^k, which missing modes make larger:
    k = 1 is the non-saturating GAN, and numbers of different k are never compared. Optimiser and
    step ratio are those of the paper's 2-D mixtures. The optimal logit of a pack is the sum of
    log p/q over its samples, and so is no function of the ratio at one.

    Attributes:
        packing: k; the paper's PacGAN2, PacGAN3 and PacGAN4 are 2, 3 and 4.
    """

    title = "PacGAN"
    reference = (
        "Lin, Khetan, Fanti and Oh 2018, PacGAN: The Power of Two Samples in Generative "
        "Adversarial Networks, NeurIPS"
    )
    generator_optimizer = adam(1e-4, 0.8, 0.999)
    discriminator_optimizer = adam(1e-4, 0.8, 0.999)
    divergence = "Jensen-Shannon divergence between p^k and q^k"
    classifies = True

    packing: int = 2

    def needs(self) -> Needs:
        """Return that the discriminator sees k samples at once."""
        return Needs(packing=self.packing)

    def discriminator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return −E log D(x₁, …, x_k) − E log(1 − D(G(z₁), …, G(z_k)))."""
        return softplus(-real).mean() + softplus(fake).mean()

    def generator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return −E log D(G(z₁), …, G(z_k))."""
        return softplus(-fake).mean()

    def estimate(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return V/2 + log 2, since V = 2·JSD − log 4 for the optimal discriminator."""
        return log(2) - self.discriminator_loss(real, fake) / 2
