import pytest

from bench.datasets import load
from bench.metrics import classifier, fidelity


@pytest.fixture(scope="session")
def digits():
    return load("digits")


@pytest.fixture(scope="session")
def classifier_path(digits, tmp_path_factory):
    return classifier.cached(digits, tmp_path_factory.mktemp("extractors"))


@pytest.fixture(scope="session")
def extractor(classifier_path):
    return fidelity.extractor(classifier_path)
