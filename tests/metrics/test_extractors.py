"""Extractors: which there are, what their files hold, and what is said where they cannot be had."""

from urllib.error import URLError

import numpy as np
import pytest
import torch
import torch_fidelity.feature_extractor_clip as clip
import torch_fidelity.feature_extractor_inceptionv3 as inception
import torchvision
from torch_fidelity.registry import FEATURE_EXTRACTORS_REGISTRY

from bench import schema
from bench.datasets.base import DataError
from bench.metrics import classifier, extractors
from bench.metrics.extractors import extract


def test_the_registered_name_holds_the_content_hash(extractor, classifier_path):
    description = classifier.describe(classifier_path)
    assert extractor.name == "digits-classifier"
    assert extractor.registered == f"digits-classifier-{description.hash}"
    assert extractor.registered in FEATURE_EXTRACTORS_REGISTRY
    assert extractors.of_classifier(classifier_path).hash == extractor.hash


def test_a_study_can_name_all_that_the_library_has():
    complete = schema.checked({"objectives": ["wgan"]})
    assert complete["evaluation"]["extractors"] == ["classifier"]
    for name in FEATURE_EXTRACTORS_REGISTRY:
        if "classifier" not in name:
            schema.checked({"objectives": ["wgan"], "evaluation": {"extractors": [name]}})


def test_batches_do_not_matter(extractor, digits):
    together = extract(extractor, digits.pixels["test"])
    apart = [extract(extractor, digits.pixels["test"][i : i + 7]) for i in (0, 7)]
    for layer, parts in zip(together, zip(*apart, strict=True), strict=True):
        torch.testing.assert_close(layer[:14], torch.cat(parts))
        assert not layer.requires_grad


def test_images_mapped_from_disk_are_seen_alike(extractor, digits, tmp_path):
    images = digits.pixels["test"]
    images.tofile(tmp_path / "images")
    mapped = np.memmap(tmp_path / "images", np.uint8, "r", shape=images.shape)
    assert torch.equal(extract(extractor, mapped).values, extract(extractor, images).values)


def test_vgg_takes_torchvisions_weights(tmp_path, digits, monkeypatch):
    # A narrow one: the real network has half a gigabyte of weights.
    layers = [8, "M", 8, "M", 8, "M", 8, "M", 8, "M"]

    def narrow():
        network = torchvision.models.VGG(torchvision.models.vgg.make_layers(layers), 10)
        network.classifier[0] = torch.nn.Linear(8 * 49, 32)
        network.classifier[3] = torch.nn.Linear(32, 32)
        return network

    monkeypatch.setattr(torchvision.models, "vgg16", narrow)
    torch.save(narrow().state_dict(), tmp_path / "vgg.pth")
    extractor = extractors.registered("vgg16", tmp_path / "vgg.pth")
    seen = extract(extractor, digits.pixels["test"][:3])
    # It has features, and nothing that an Inception score could be of.
    assert seen.values.shape == (3, 32)
    assert seen.logits is None
    assert (extractor.name, extractor.layer) == ("vgg16", "fc2_relu")


@pytest.mark.filterwarnings("ignore:.*torch.jit.load:FutureWarning")
def test_missing_and_broken_files_are_named(tmp_path):
    with pytest.raises(DataError, match=r"absent\.safetensors does not exist"):
        extractors.of_classifier(tmp_path / "absent.safetensors")
    with pytest.raises(DataError, match=r"file .*absent\.pth does not exist"):
        extractors.registered("inception-v3-compat", tmp_path / "absent.pth")
    (tmp_path / "text.pth").write_text("these are no weights")
    torch.save({"weight": torch.zeros(1)}, tmp_path / "other.pth")
    for name in ("inception-v3-compat", "vgg16", "clip-vit-b-32"):
        for file in ("text.pth", "other.pth"):
            with pytest.raises(DataError, match=rf"{file} does not hold the weights of {name}: "):
                extractors.registered(name, tmp_path / file)


def test_without_a_network_the_way_out_is_named(monkeypatch):
    def unreachable(*_, **__):
        raise URLError("no route to host")

    monkeypatch.setattr(inception, "load_state_dict_from_url", unreachable)
    monkeypatch.setattr(clip, "load_state_dict_from_url", unreachable)
    monkeypatch.setattr(torch.hub, "load", unreachable)
    for name in ("inception-v3-compat", "clip-vit-b-32", "dinov2-vit-b-14"):
        with pytest.raises(DataError, match=rf"no route to host.*extractor_weights\.{name}"):
            extractors.registered(name)


def test_dinov2_takes_no_file(tmp_path):
    (tmp_path / "weights.pth").touch()
    with pytest.raises(DataError, match=r"takes no file with the weights of dinov2-vit-b-14"):
        extractors.registered("dinov2-vit-b-14", tmp_path / "weights.pth")


def test_an_unknown_extractor_is_named():
    with pytest.raises(DataError, match="no extractor 'inception'; there are classifier, incep"):
        extractors.registered("inception")
