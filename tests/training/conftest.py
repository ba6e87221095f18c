import pytest
import torch

from bench import objectives, store
from bench.architectures.dcgan import DCGAN
from bench.architectures.mlp import MLP
from bench.optimizers import adam
from bench.training.cohort import Cohort
from bench.training.recipe import Recipe

CELLS = {
    "mlp": (MLP(latent=2, width=16, depth=2), "ring8"),
    "dcgan": (DCGAN(latent=5, width=4), "digits"),
}


def objective(name, **hyperparameters):
    return objectives.create(objectives.find()[name], hyperparameters)


@pytest.fixture
def make():
    """Make a small cohort of an objective, on points or on images."""

    def make(name, architecture="mlp", seeds=(0, 1), kind=Cohort, batch=8, steps=2, **others):
        nets, dataset = CELLS[architecture]
        optimizers = adam(1e-3, 0.5, 0.9), adam(2e-3, 0.0, 0.9)
        recipe = Recipe(batch, 100, steps, *optimizers)
        made = objective(name, **others) if isinstance(name, str) else name
        return kind(made, nets, store.shipped(dataset), recipe, seeds, torch.device("cpu"))

    return make


@pytest.fixture
def cells():
    """Architecture and sample shape by name."""
    return {name: (nets, store.shipped(data).shape) for name, (nets, data) in CELLS.items()}
