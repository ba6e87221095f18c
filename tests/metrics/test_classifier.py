"""The domain classifier: good enough, the same every time, and never stale."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from bench.datasets.base import DataError, Images
from bench.metrics import cache, classifier, extractors
from bench.metrics.pixels import to_bytes


@pytest.fixture
def brief(monkeypatch):
    monkeypatch.setattr(classifier, "SETTINGS", classifier.TrainingSettings(steps=20, epochs=1))


def striped(channels=1, size=8, n=40):
    """Images of two classes, split in three: dark ones and bright ones."""
    rng = np.random.default_rng(0)
    labels = np.arange(n) % 2
    images = rng.normal(scale=0.2, size=(n, channels, size, size))
    images = to_bytes(images + (labels - 0.5)[:, None, None, None])
    third = n // 3
    ends = {"train": (0, n - 2 * third), "validation": (n - 2 * third, n - third)}
    ends["test"] = n - third, n
    parts = {split: slice(*span) for split, span in ends.items()}
    return Images.of(
        "striped", {split: (images[part], labels[part]) for split, part in parts.items()}
    )


def changed(dataset, **train):
    """Return the dataset with other training pixels or labels."""
    return replace(
        dataset,
        pixels={**dataset.pixels, "train": train.get("pixels", dataset.pixels["train"])},
        labels={**dataset.labels, "train": train.get("labels", dataset.labels["train"])},
    )


def test_it_knows_the_digits(classifier_path):
    description = classifier.describe(classifier_path)
    assert description.accuracy >= 0.96
    assert (description.dataset, description.classes) == ("digits", 10)
    assert (description.channels, description.size) == (1, 8)
    assert classifier_path.name == f"digits-{description.hash}.safetensors"


def test_the_accuracy_in_the_file_is_that_of_the_weights(digits, classifier_path):
    network = classifier.load(classifier_path)
    held_out = "validation", "test"
    images = np.concatenate([digits.pixels[split] for split in held_out])
    labels = np.concatenate([digits.labels[split] for split in held_out])
    with torch.no_grad():
        predicted = network(torch.from_numpy(images)).argmax(dim=1).numpy()
    assert classifier.describe(classifier_path).accuracy == np.mean(predicted == labels)


def test_features_are_of_order_one(digits, classifier_path):
    network = classifier.load(classifier_path)
    with torch.no_grad():
        features = network.features(torch.from_numpy(digits.pixels["train"]))
    assert features.shape == (1197, classifier.FEATURES)
    assert float(features.square().mean()) == pytest.approx(1, rel=1e-4)


@pytest.mark.usefixtures("brief")
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [8, 28, 32, 64])
def test_it_takes_the_usual_shapes(channels, size, tmp_path):
    dataset = striped(channels, size)
    network = classifier.load(classifier.cached(dataset, tmp_path))
    images = torch.from_numpy(dataset.pixels["test"])
    assert network.features(images).shape == (len(images), classifier.FEATURES)
    assert network(images).shape == (len(images), 2)


@pytest.mark.usefixtures("brief")
def test_training_is_repeatable_and_leaves_the_global_stream_alone():
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first, accuracy = classifier.train(striped())
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(2)
    second, _ = classifier.train(striped())
    other, _ = classifier.train(striped(), seed=1)
    assert accuracy > 0.9
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not torch.equal(first["head.weight"], other["head.weight"])


def test_the_hash_follows_whatever_training_sees(monkeypatch):
    dataset = striped()
    digest = classifier.content_hash(dataset)
    assert digest == classifier.content_hash(striped())
    brighter = dataset.pixels["train"].copy()
    brighter[0, 0, 0, 0] += 1
    relabelled = dataset.labels["train"].copy()
    relabelled[0] = 1 - relabelled[0]
    found = {
        classifier.content_hash(changed(dataset, pixels=brighter)),
        classifier.content_hash(changed(dataset, labels=relabelled)),
        classifier.content_hash(changed(dataset, pixels=dataset.pixels["train"][::-1])),
        classifier.content_hash(dataset, seed=1),
    }
    monkeypatch.setattr(classifier, "SETTINGS", replace(classifier.SETTINGS, steps=700))
    found.add(classifier.content_hash(dataset))
    assert len(found | {digest}) == 6


@pytest.mark.usefixtures("brief")
def test_a_cached_classifier_is_reused_until_its_data_change(tmp_path, monkeypatch):
    dataset = striped()
    path = classifier.cached(dataset, tmp_path)
    written = path.stat().st_mtime_ns
    with monkeypatch.context() as patch:
        patch.setattr(classifier, "train", lambda *_: pytest.fail("trained again"))
        assert classifier.cached(dataset, tmp_path) == path
    assert path.stat().st_mtime_ns == written
    other = changed(dataset, pixels=255 - dataset.pixels["train"])
    assert classifier.cached(other, tmp_path) != path
    assert len(list(tmp_path.glob("*.safetensors"))) == 2


def test_another_safetensors_file_is_refused(tmp_path):
    path = tmp_path / "generator.safetensors"
    save_file({"weight": torch.zeros(1)}, path)
    with pytest.raises(DataError, match=r"generator\.safetensors is not a classifier"):
        classifier.describe(path)


@pytest.mark.usefixtures("brief")
def test_a_damaged_classifier_is_trained_again(tmp_path):
    path = classifier.cached(striped(), tmp_path)
    content, (weights, about) = path.read_bytes(), cache.read(path)
    # They are mapped from the file that is about to be damaged.
    weights = {name: tensor.clone() for name, tensor in weights.items()}
    for damaged in (content[:-10], content[:-1] + bytes([content[-1] ^ 1]), b""):
        path.write_bytes(damaged)
        with pytest.raises(DataError, match="is not a classifier file"):
            classifier.load(path)
        assert classifier.cached(striped(), tmp_path) == path
        again, same = cache.read(path)
        assert same == about
        assert all(torch.equal(again[name], weights[name]) for name in weights)


def test_what_it_cannot_be_made_for_is_told_another_way():
    plain = striped()
    nothing = {split: np.zeros_like(labels) for split, labels in plain.labels.items()}
    with pytest.raises(DataError, match=r"'striped' has no classes.*evaluation\.extractors"):
        classifier.cached(replace(plain, labels=nothing), "nowhere")
    with pytest.raises(DataError, match=r"larger than 64×64.*inception-v3-compat"):
        classifier.cached(striped(size=65, n=6), "nowhere")


def test_a_stack_is_read_channel_by_channel(stacks, stacks_path):
    description = classifier.describe(stacks_path)
    assert (description.channels, description.classes, description.stacked) == (1, 10, True)
    # Of single digits; of whole stacks it is the third power.
    assert description.accuracy > 0.96
    extractor = extractors.of_classifier(stacks_path)
    seen = extractors.extract(extractor, stacks.pixels["test"])
    assert seen.values.shape == (500, 3 * classifier.FEATURES)
    assert seen.logits.shape == (500, 1000)
    assert seen.logits.exp().sum(dim=1).numpy() == pytest.approx(1, rel=1e-5)
    assert np.mean(seen.logits.argmax(dim=1).numpy() == stacks.labels["test"]) > 0.88
    # Reference: each channel for itself.
    network, images = classifier.load(stacks_path), torch.from_numpy(stacks.pixels["test"][:50])
    with torch.no_grad():
        both = [network.both(images[:, [channel]]) for channel in range(3)]
    values = torch.cat([values for values, _ in both], dim=1)
    torch.testing.assert_close(seen.values[:50], values)
    digits_read = [logits.argmax(dim=1) for _, logits in both]
    number = 100 * digits_read[0] + 10 * digits_read[1] + digits_read[2]
    assert torch.equal(seen.logits[:50].argmax(dim=1), number)


def test_bytes_span_the_whole_range():
    assert to_bytes(np.array([-2, -1, 0, 1, 2], dtype=np.float32)).tolist() == [0, 0, 128, 255, 255]
    levels = np.arange(256, dtype=np.uint8)
    assert np.array_equal(to_bytes(levels.astype(np.float32) / 127.5 - 1), levels)
