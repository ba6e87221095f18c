"""Minibatch discrimination (Salimans et al. 2016, section 3.2)."""

from dataclasses import dataclass

from bench.techniques.base import Needs, Technique


@dataclass(frozen=True)
class MinibatchDiscrimination(Technique):
    """The discriminator also sees how close each sample is to the others of its batch.

    The layer, o_b(i) = Σ_{j≠i} exp(−‖M_ib − M_jb‖₁) with M_i = f(x_i)·T, stands before the last
    one and has 16 kernels of dimension 8.
    """

    title = "Minibatch discrimination"
    reference = "Salimans et al. 2016, Improved Techniques for Training GANs, NIPS"

    def needs(self) -> Needs:
        """Ask for the layer."""
        return Needs(minibatch="discrimination")
