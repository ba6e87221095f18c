"""A small classifier of a dataset's own classes, whose features take Inception's place.

Inception's features of 8×8 digits mean little. Those of a classifier that knows the ten classes
do. The classifier is trained once per dataset, from a seed, and kept as a file that is named by
the hash of all that went into it: other data, other settings or another network, another file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional as F

from bench.datasets.base import Images
from bench.files import whole

#: Dimension of the features.
FEATURES = 64


@dataclass(frozen=True)
class TrainingSettings:
    """How the classifier is trained: at least so many steps and so many passes over the data."""

    steps: int = 600
    epochs: int = 5
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
        accuracy: Share of held-out images (validation and test) that it classifies correctly.
        channels: Channels of an image.
        size: Height of an image in pixels.
        classes: Number of classes.
    """

    dataset: str
    hash: str
    accuracy: float
    channels: int
    size: int
    classes: int


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
    network = _initial(dataset, seed)
    images = torch.from_numpy(np.array(dataset.pixels["train"]))
    labels = torch.from_numpy(dataset.labels["train"])
    per_epoch = max(1, len(images) // SETTINGS.batch)
    steps = max(SETTINGS.steps, SETTINGS.epochs * per_epoch)
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
            network(images[batch]), labels[batch], label_smoothing=SETTINGS.label_smoothing
        )
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
    # KID's kernel (x·y/d + 1)³ presumes features of order one.
    network.scale.copy_(_batched(network.features, images).square().mean().sqrt())
    return network.state_dict(), _held_out_accuracy(network, dataset)


def content_hash(dataset: Images, seed: int = 0) -> str:
    """Return twelve hexadecimal digits that change with anything the classifier depends on.

    That is the training images and labels, the settings, the seed and the network.
    """
    parts = {
        "dataset": dataset.name,
        "shape": dataset.pixels["train"].shape,
        "images": hashlib.sha256(dataset.pixels["train"].tobytes()).hexdigest(),
        "labels": hashlib.sha256(dataset.labels["train"].tobytes()).hexdigest(),
        "settings": asdict(SETTINGS),
        "seed": seed,
        "network": repr(_initial(dataset, seed)),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:12]


def cached(dataset: Images, directory: str | Path, seed: int = 0) -> Path:
    """Return the path of the dataset's classifier in ``directory``, trained if it is not there."""
    digest = content_hash(dataset, seed)
    path = Path(directory) / f"{dataset.name}-{digest}.safetensors"
    if not path.exists():
        state, accuracy = train(dataset, seed)
        channels, size, _ = dataset.shape
        description = Description(dataset.name, digest, accuracy, channels, size, dataset.classes)
        metadata = {name: str(value) for name, value in asdict(description).items()}
        with whole(path) as temporary:
            save_file(state, temporary, metadata)
    return path


def describe(path: str | Path) -> Description:
    """Return what the classifier file at ``path`` says about itself.

    Raises:
        ValueError: The file is no classifier that :func:`cached` wrote.
    """
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata() or {}
    if set(metadata) != set(Description.__dataclass_fields__):
        raise ValueError(f"{path} is not a classifier file: its metadata are {sorted(metadata)}")
    return Description(
        metadata["dataset"],
        metadata["hash"],
        float(metadata["accuracy"]),
        int(metadata["channels"]),
        int(metadata["size"]),
        int(metadata["classes"]),
    )


def load(path: str | Path) -> Classifier:
    """Return the classifier stored at ``path``, on the CPU and in evaluation mode."""
    description = describe(path)
    network = Classifier(description.channels, description.size, description.classes)
    network.load_state_dict(load_file(path))
    return network.eval()


def _initial(dataset: Images, seed: int) -> Classifier:
    channels, size, _ = dataset.shape
    # Layers draw their weights from the global stream, which is nobody else's business.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Classifier(channels, size, dataset.classes)


def _held_out_accuracy(network: Classifier, dataset: Images) -> float:
    held_out = "validation", "test"
    images = torch.from_numpy(np.concatenate([dataset.pixels[split] for split in held_out]))
    labels = np.concatenate([dataset.labels[split] for split in held_out])
    predicted = _batched(network, images).argmax(dim=1)
    return float(np.mean(predicted.numpy() == labels))


def _batched(function: Callable[[Tensor], Tensor], images: Tensor) -> Tensor:
    with torch.no_grad():
        return torch.cat([function(batch) for batch in torch.split(images, 256)])
