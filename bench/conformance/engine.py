"""What must hold of an objective in the cohort engine, on small networks."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from bench.architectures.mlp import MLP
from bench.conformance.probe import BrokenError
from bench.datasets.base import Mixture
from bench.metrics.transport import wasserstein1
from bench.objectives.base import Objective
from bench.optimizers import adam, sgd
from bench.training import checkpoint
from bench.training.checkpoint import Progress
from bench.training.cohort import Cohort
from bench.training.optimization import assign_gradients
from bench.training.recipe import Recipe
from bench.training.streams import numpy_generator


def players(objective: Objective) -> None:
    """Each player's step leaves the other's weights as they are."""
    small = _small(objective, 0)
    real, latent = torch.ones(1, 8, 2), torch.ones(1, 8, 2)
    start = _copies(small)
    fake = small.generate(latent).detach()
    small.discriminator_step(real, fake, small.draws("check")(0))
    middle = _copies(small)
    assign_gradients(small.generator_losses(real, latent), small.generator)
    small.generator_optimizer.step()
    if not all(map(torch.equal, start["generator"], middle["generator"])):
        raise BrokenError("the discriminator's step changes the generator; change no input")
    if not all(map(torch.equal, middle["discriminator"], _copies(small)["discriminator"])):
        raise BrokenError("the generator's step changes the discriminator; change no input")


def cohort(objective: Objective) -> None:
    """Seeds trained together as one batched model are those trained alone."""
    together = _trained(objective, 0, 1)
    for run, seed in enumerate(together.seeds):
        alone = _trained(objective, seed)
        for player in ("generator", "discriminator"):
            state = getattr(together, player).state()
            for name, value in getattr(alone, player).state().items():
                if not torch.allclose(value[0], state[name][run], rtol=1e-4, atol=1e-5):
                    raise BrokenError(
                        f"seed {seed} trained beside another seed gets another {player} than "
                        f"alone (in {name!r}); keep no state in the objective or its module"
                    )


def resume(objective: Objective) -> None:
    """What the objective remembers keeps its form and survives a save and load."""
    small = _small(objective, 0, 1)
    before = [{name: value.shape for name, value in state.items()} for state in small.states]
    small.advance()
    after = [{name: value.shape for name, value in state.items()} for state in small.states]
    if before != after:
        raise BrokenError(
            f"the state is {before[0]} by name and shape before the first step and {after[0]} "
            "after it; initial_state must return all that after_discriminator_step and "
            "after_generator_step do"
        )
    other = _small(objective, 0, 1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "checkpoint.safetensors"
        checkpoint.save(path, small, Progress([], {}), "check")
        checkpoint.restore(path, other, "check")
    for cohort in (small, other):
        cohort.advance()
    for player in ("generator", "discriminator"):
        resumed = getattr(other, player).state()
        for name, value in getattr(small, player).state().items():
            if not torch.equal(value, resumed[name]):
                raise BrokenError(
                    f"a run that is saved and loaded gets another {player} (in {name!r}); keep "
                    "what must be remembered in the state: initial_state, after_discriminator_step"
                )


def training(objective: Objective) -> None:
    """A short training brings the generator much nearer to an easy ring of eight modes."""
    recipe = Recipe(64, 300, 3, adam(1e-3, 0.5, 0.9), adam(2e-3, 0.5, 0.9))
    runs = _cohort(objective, recipe, (0, 1, 2), MLP(latent=8, width=32, depth=2))
    latent = runs.latent_stream("evaluation-latent", 256)(0)
    reference = _ring().stratified(256, numpy_generator("check"))

    def distance() -> float:
        with torch.no_grad():
            samples = runs.generate(latent).numpy()
        return float(np.median([wasserstein1(run, reference) for run in samples]))

    before = distance()
    for _ in range(recipe.generator_steps):
        runs.advance()
    after = distance()
    # All objectives that ship come below 0.45.
    if not after < 0.8 * before:
        raise BrokenError(
            f"after {recipe.generator_steps} generator steps on an easy ring the W₁ is "
            f"{after:.3g}, against {before:.3g} untrained (median of 3 seeds): check the signs of "
            "both losses, or set unstable = True in the class if this is the objective's nature"
        )


def _ring() -> Mixture:
    # Off the origin, so that a generator that learns anything at all comes much nearer.
    angle = 2 * np.pi * np.arange(8) / 8
    ring = np.sqrt(2) * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return Mixture("check", ring + 2, 0.2)


def _cohort(objective: Objective, recipe: Recipe, seeds: tuple[int, ...], nets: MLP) -> Cohort:
    return Cohort(objective, nets, _ring(), recipe, seeds, torch.device("cpu"))


def _small(objective: Objective, *seeds: int) -> Cohort:
    # Not Adam, which makes whole steps of round-off where a gradient is zero.
    recipe = Recipe(8, 3, 2, sgd(1e-3), sgd(1e-3))
    return _cohort(objective, recipe, seeds, MLP(latent=2, width=8, depth=2))


def _trained(objective: Objective, *seeds: int) -> Cohort:
    small = _small(objective, *seeds)
    for _ in range(small.recipe.generator_steps):
        small.advance()
    return small


def _copies(runs: Cohort) -> Mapping[str, list[Tensor]]:
    return {
        player: [value.detach().clone() for value in getattr(runs, player).state().values()]
        for player in ("generator", "discriminator")
    }
