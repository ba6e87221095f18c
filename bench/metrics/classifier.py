"""A small classifier of a dataset's own classes, whose features take Inception's place.

Inception's features of 8×8 digits mean little. Those of a classifier that knows the ten classes
do. The classifier is trained once per dataset, from a seed, and kept as a file that is named by
the hash of all that went into it: other data, other settings or another network, another file.

Where the channels of an image are images of their own (stacked digits), it is a classifier of
single channels.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bench.datasets.base import DataError, Images, checksum
from bench.metrics import cache
from bench.metrics.cache import Cache

#: Dimension of the features.
FEATURES = 64
#: The largest images, in pixels, that so small a network is made for.
LARGEST = 64
#: Classes of a channel that is an image of its own.
DIGITS = 10
_BATCH = 256
#: Images that the features' scale, and the accuracy, are taken from, at most.
_MEASURED = 20_000


@dataclass(frozen=True)
class TrainingSettings:
    """How the classifier is trained: so many passes over the data, within bounds of the steps."""

    steps: int = 600
    epochs: int = 5
    most_steps: int = 5000
    batch: int = 64
    learning_rate: float = 3e-3
    weight_decay: float = 1e-2
    label_smoothing: float = 0.1


SETTINGS = TrainingSettings()


@dataclass(frozen=True)
class Description:
    """What a classifier file says about itself.

    Attributes:
        dataset: Name of the dataset it was trained on.
        hash: :func:`content_hash` of what it was trained on and how.
        accuracy: Share of held-out images (validation and test) that it classifies correctly; of
            single channels where it is one of them.
        channels: Channels of an image that it takes.
        size: Height of an image in pixels.
        classes: Number of classes.
        stacked: It takes each channel of a dataset's images for itself.
    """

    dataset: str
    hash: str
    accuracy: float
    channels: int
    size: int
    classes: int
    stacked: bool


class Classifier(nn.Module):
    """Convolutions, halved until 8×8 remain, then 64 features and the class logits."""

    def __init__(self, channels: int, size: int, classes: int) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(channels, 32, 3, padding=1), nn.ReLU()]
        while size > 8:
            layers += [nn.Conv2d(32, 32, 3, stride=2, padding=1), nn.ReLU()]
            size = (size + 1) // 2
        layers += [nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(4)]
        self.body = nn.Sequential(*layers, nn.Flatten(), nn.Linear(64 * 16, FEATURES), nn.ReLU())
        self.head = nn.Linear(FEATURES, classes)
        self.scale: Tensor
        self.register_buffer("scale", torch.ones(()))

    def features(self, images: Tensor) -> Tensor:
        """Return the features of uint8 images ``[n, C, H, W]``, shape ``[n, 64]``.

        They are divided by ``scale``, so that their mean square over the training images is one.
        """
        return self._hidden(images) / self.scale

    def forward(self, images: Tensor) -> Tensor:
        """Return the class logits, shape ``[n, classes]``, of uint8 images ``[n, C, H, W]``."""
        logits: Tensor = self.head(self._hidden(images))
        return logits

    def both(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return :meth:`features` and logits at the price of one of them."""
        hidden = self._hidden(images)
        return hidden / self.scale, self.head(hidden)

    def _hidden(self, images: Tensor) -> Tensor:
        hidden: Tensor = self.body(images.float() / 127.5 - 1)
        return hidden


def train(dataset: Images, seed: int = 0) -> tuple[dict[str, Tensor], float]:
    """Train a classifier on the training split, on the CPU, the same way every time.

    Args:
        dataset: Labelled images; labels run from 0 to classes − 1.
        seed: Seed of the initial weights and of the order of the data.

    Returns:
        The weights and the accuracy, 0 to 1, on the validation and test splits together.
    """
    dataset = _single(dataset)
    network = _initial(dataset, seed)
    images, labels = dataset.pixels["train"], torch.from_numpy(dataset.labels["train"])
    per_epoch = max(1, len(images) // SETTINGS.batch)
    steps = max(SETTINGS.steps, min(SETTINGS.epochs * per_epoch, SETTINGS.most_steps))
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=SETTINGS.learning_rate, weight_decay=SETTINGS.weight_decay
    )
    generator = torch.Generator().manual_seed(seed)
    order = torch.empty(0, dtype=torch.long)
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = SETTINGS.learning_rate * (1 - step / steps)
        if len(order) < SETTINGS.batch:
            order = torch.randperm(len(images), generator=generator)
        batch, order = order[: SETTINGS.batch], order[SETTINGS.batch :]
        loss = F.cross_entropy(
            network(torch.from_numpy(images[batch.numpy()])),
            labels[batch],
            label_smoothing=SETTINGS.label_smoothing,
        )
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
    with torch.no_grad():
        # KID's kernel (x·y/d + 1)³ presumes features of order one.
        squares = [network.features(part).square() for part, _ in _parts(dataset, "train")]
        network.scale.copy_(torch.cat(squares).mean().sqrt())
    return network.state_dict(), _held_out_accuracy(network, dataset)


def content_hash(dataset: Images, seed: int = 0) -> str:
    """Return sixteen hexadecimal digits that change with anything the classifier depends on.

    That is the images and labels, the settings, the seed and the network.
    """
    return cache.digest(_key(dataset, seed))


def cached(dataset: Images, directory: str | Path, seed: int = 0) -> Path:
    """Return the path of the dataset's classifier in ``directory``, trained if it is not there.

    Raises:
        DataError: The images have no classes, or are too large for so small a network.
    """
    if dataset.classes < 2:
        problem = "has no classes that a classifier could tell apart"
    elif max(dataset.shape[1:]) > LARGEST:
        problem = f"has images larger than {LARGEST}×{LARGEST}, too large for the classifier"
    else:
        key = _key(dataset, seed)
        return Cache(Path(directory)).file(
            dataset.name, key, lambda: _made(dataset, cache.digest(key), seed)
        )
    raise DataError(
        f"dataset {dataset.name!r} {problem}; give evaluation.extractors another one, such as "
        "inception-v3-compat"
    )


def describe(path: str | Path) -> Description:
    """Return what the classifier file at ``path`` says about itself.

    Raises:
        DataError: The file is no classifier that :func:`cached` wrote.
    """
    return _read(path)[1]


def load(path: str | Path) -> Classifier:
    """Return the classifier stored at ``path``, on the CPU and in evaluation mode.

    Raises:
        DataError: The file is no classifier that :func:`cached` wrote.
    """
    weights, description = _read(path)
    network = Classifier(description.channels, description.size, description.classes)
    network.load_state_dict(weights)
    return network.eval()


def _key(dataset: Images, seed: int) -> dict[str, Any]:
    single = _single(dataset)
    return {
        "dataset": dataset.name,
        "data": dataset.checksum or checksum(dataset.pixels, dataset.labels),
        "settings": asdict(SETTINGS),
        "seed": seed,
        "network": repr(_initial(single, seed)),
    }


def _made(dataset: Images, digest: str, seed: int) -> tuple[dict[str, Tensor], dict[str, str]]:
    state, accuracy = train(dataset, seed)
    single = _single(dataset)
    channels, size, _ = single.shape
    description = Description(
        dataset.name, digest, accuracy, channels, size, single.classes, dataset.stacked
    )
    return state, {name: str(value) for name, value in asdict(description).items()}


def _read(path: str | Path) -> tuple[dict[str, Tensor], Description]:
    try:
        weights, metadata = cache.read(Path(path))
    except FileNotFoundError:
        raise DataError(f"classifier file {path} does not exist") from None
    except ValueError as error:
        raise DataError(f"{path} is not a classifier file: {error}") from None
    if set(metadata) != set(Description.__dataclass_fields__):
        raise DataError(f"{path} is not a classifier file: its metadata are {sorted(metadata)}")
    return weights, Description(
        metadata["dataset"],
        metadata["hash"],
        float(metadata["accuracy"]),
        int(metadata["channels"]),
        int(metadata["size"]),
        int(metadata["classes"]),
        metadata["stacked"] == "True",
    )


def _single(dataset: Images) -> Images:
    """Return the channels as images of one channel each, where they are images of their own."""
    if not dataset.stacked:
        return dataset
    channels = dataset.shape[0]
    place = DIGITS ** np.arange(channels - 1, -1, -1)
    return replace(
        dataset,
        pixels={
            split: images.reshape(-1, 1, *dataset.shape[1:])
            for split, images in dataset.pixels.items()
        },
        labels={
            split: (labels[:, None] // place % DIGITS).reshape(-1)
            for split, labels in dataset.labels.items()
        },
        stacked=False,
    )


def _initial(dataset: Images, seed: int) -> Classifier:
    channels, size, _ = dataset.shape
    # Layers draw their weights from the global stream, which is nobody else's business.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Classifier(channels, size, dataset.classes)


def _held_out_accuracy(network: Classifier, dataset: Images) -> float:
    correct = []
    for split in ("validation", "test"):
        with torch.no_grad():
            for images, labels in _parts(dataset, split):
                correct.append(network(images).argmax(dim=1).numpy() == labels)
    return float(np.mean(np.concatenate(correct)))


def _parts(dataset: Images, split: str) -> Iterator[tuple[Tensor, Any]]:
    """Return a split in batches; evenly spaced images of one that is very large."""
    step = -(-len(dataset.pixels[split]) // _MEASURED)
    images, labels = dataset.pixels[split][::step], dataset.labels[split][::step]
    for start in range(0, len(images), _BATCH):
        part = slice(start, start + _BATCH)
        yield torch.from_numpy(np.array(images[part])), labels[part]
