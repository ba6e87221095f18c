import pytest
import torch

from bench import objectives, store, techniques
from bench.architectures.dcgan import DCGAN
from bench.architectures.mlp import MLP
from bench.conformance.probe import Draws
from bench.game import Game
from bench.objectives.base import Context
from bench.optimizers import adam
from bench.training.cohort import Cohort
from bench.training.recipe import Recipe

CELLS = {
    "mlp": (MLP(latent=2, width=16, depth=2), "ring8"),
    "dcgan": (DCGAN(latent=5, width=4), "digits"),
}
OPTIMIZERS = adam(1e-3, 0.5, 0.9), adam(2e-3, 0.0, 0.9)


@pytest.fixture
def create():
    """Make a technique by name."""

    def create(name, **settings):
        return techniques.create(techniques.find()[name], settings)

    return create


@pytest.fixture
def objective():
    """Make an objective by name."""

    def objective(name, **hyperparameters):
        return objectives.create(objectives.find()[name], hyperparameters)

    return objective


@pytest.fixture
def context():
    """Make the context of a step on random samples, real ones of scale 1 and fake ones of 3."""

    def context(size, shape=(2,), dtype=torch.float32, noise=None, step=0, **others):
        generator = torch.Generator().manual_seed(size)
        real, fake = torch.randn(2, size, *shape, generator=generator, dtype=dtype)
        return Context(real, 3 * fake, noise or Draws(), step, **others)

    return context


@pytest.fixture
def make(create, objective):
    """Make a small cohort of a game, on points or on images."""

    def make(
        settings,
        architecture="mlp",
        seeds=(0, 1),
        name="non-saturating",
        batch=8,
        steps=2,
        optimizers=OPTIMIZERS,
        simultaneous=False,
    ):
        game = Game(objective(name), {key: create(key, **own) for key, own in settings.items()})
        nets, dataset = CELLS[architecture]
        recipe = Recipe(batch, 100, steps, *optimizers, simultaneous)
        return Cohort(game, nets, store.shipped(dataset), recipe, seeds, torch.device("cpu"))

    return make


@pytest.fixture
def cells():
    """Sample shape by architecture."""
    return {name: store.shipped(data).shape for name, (_, data) in CELLS.items()}
