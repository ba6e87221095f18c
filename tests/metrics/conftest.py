import numpy as np
import pytest

from bench.datasets.base import Images
from bench.metrics import classifier, extractors
from bench.store import shipped as load


@pytest.fixture(scope="session")
def digits():
    return load("digits")


@pytest.fixture(scope="session")
def classifier_path(digits, tmp_path_factory):
    return classifier.cached(digits, tmp_path_factory.mktemp("extractors"))


@pytest.fixture(scope="session")
def extractor(classifier_path):
    return extractors.of_classifier(classifier_path)


@pytest.fixture(scope="session")
def stacks(digits):
    """Stacks of three digits of each split, made by hand, 500 each."""
    rng = np.random.default_rng(0)
    splits = {}
    for split, images in digits.pixels.items():
        chosen = rng.integers(len(images), size=(500, 3))
        splits[split] = images[chosen, 0], digits.labels[split][chosen] @ [100, 10, 1]
    return Images.of("stacks", splits, stacked=True)


@pytest.fixture(scope="session")
def stacks_path(stacks, tmp_path_factory):
    return classifier.cached(stacks, tmp_path_factory.mktemp("stacks"))
