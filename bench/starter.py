"""A first objective file to write one's own formula into."""

from __future__ import annotations

import re
from pathlib import Path

from bench import objectives

_TEMPLATE = '''"""{title} (write here whose idea it is, and when)."""

from dataclasses import dataclass

from torch import Tensor
from torch.nn.functional import softplus

from bench.objectives.base import Objective, adam


# The code is for one discriminator and one generator; training batches it over seeds. So: no
# in-place change, no `if` on the value of a tensor, no randomness but context.noise.
@dataclass(frozen=True)
class {name}(Objective):
    """Write here the formula that the two players minimise.

    Attributes:
        margin: Write here what each hyper-parameter is.
    """

    title = "{title}"
    reference = "Authors year, Title, Venue"
    # What the paper trains with; a study may set its own for all objectives alike.
    generator_optimizer = adam(2e-4, 0.5, 0.999)
    discriminator_optimizer = adam(2e-4, 0.5, 0.999)
    discriminator_steps = 1

    # Hyper-parameters are fields with the paper's values as defaults. This one is an example.
    margin: float = 0.0

    def discriminator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return what the discriminator minimises, given its logits [B] of both kinds."""
        # The formula goes here; this is the logistic loss, −log D(x) − log(1 − D(G(z))).
        # It must be finite in float32 at logits of ±100: softplus, never log(sigmoid(x)).
        return softplus(self.margin - real).mean() + softplus(self.margin + fake).mean()

    def generator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return what the generator minimises; relativistic losses use the real logits too."""
        return softplus(-fake).mean()

    # Where they are needed, `penalty` (added to the discriminator's loss), `constrain` (applied
    # to its weights after each step), a state, several outputs and `estimate` (of the divergence)
    # are methods to add: see bench/components.py and bench/objectives/base.py, and as examples
    # wgan_gp.py, wgan.py, began.py and mmd_gan.py beside it.
'''


def write(name: str, folder: Path) -> Path:
    """Write a commented objective that works as it stands, to be given its own formula.

    Args:
        name: The objective's name: lower-case words joined by hyphens, such as ``my-loss``.
        folder: Where the file goes; made if it is not there.

    Returns:
        The file, ``my_loss.py`` in ``folder``.

    Raises:
        ValueError: The name has another form, or an objective or file has it already.
    """
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name):
        raise ValueError(
            f"objective name {name!r} must be lower-case words joined by hyphens, as in 'my-loss'"
        )
    known = objectives.find()
    if name in known:
        raise ValueError(f"objective {name!r} exists already, in {known[name]}; take another name")
    path = folder / f"{name.replace('-', '_')}.py"
    words = name.split("-")
    text = _TEMPLATE.format(
        title=" ".join(words).capitalize(), name="".join(word.capitalize() for word in words)
    )
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise ValueError(f"{path} exists already; take another name or remove it") from None
    return path
