import pytest

from bench.metrics import classifier, fidelity
from bench.store import shipped as load


@pytest.fixture(scope="session")
def digits():
    return load("digits")


@pytest.fixture(scope="session")
def classifier_path(digits, tmp_path_factory):
    return classifier.cached(digits, tmp_path_factory.mktemp("extractors"))


@pytest.fixture(scope="session")
def extractor(classifier_path):
    return fidelity.extractor(classifier_path)
