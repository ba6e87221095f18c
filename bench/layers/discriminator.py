"""What every discriminator is: a body that finds features, and what is read off them."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from bench.layers.batch import MinibatchDiscrimination, MinibatchStddev


class Discriminator(nn.Module):
    """A linear layer on features, with an optional comparison over the batch and labels.

    With ``classes`` it is a projection discriminator (Miyato and Koyama 2018, section 3): the
    logit of a sample x with the label y is last(φ(x)) + ⟨embed(y), φ(x)⟩.

    Attributes:
        body: Samples ``[B, ...]`` to features φ ``[B, features]``.
        last: The linear layer.
        minibatch: What is appended to the features before the last layer, or None.
        embed: A vector for each class, or None.
    """

    def __init__(
        self,
        body: nn.Module,
        features: int,
        outputs: int = 1,
        minibatch: str = "",
        classes: int = 0,
        initialise: Callable[[nn.Module], None] | None = None,
    ) -> None:
        """Make a plain discriminator and then what goes beyond it.

        In this order a seed gives the plain part the same weights whatever is added.

        Args:
            body: Samples to features.
            features: Their number.
            outputs: Numbers a sample.
            minibatch: ``""``, ``"discrimination"`` or ``"stddev"``.
            classes: Number of classes, 0 for none.
            initialise: Sets the weights of a module, for :meth:`torch.nn.Module.apply`; default
                are torch's own.
        """
        super().__init__()
        self.body, self.last = body, nn.Linear(features, outputs)
        if initialise:
            self.apply(initialise)

        def start(layer: nn.Linear | nn.Embedding) -> Tensor:
            # As a linear layer on the features, so that nothing added weighs more than they do.
            nn.init.uniform_(layer.weight, -(features**-0.5), features**-0.5)
            if initialise:
                layer.apply(initialise)
            return layer.weight.detach()

        self.minibatch: MinibatchDiscrimination | MinibatchStddev | None = None
        if minibatch:
            self.minibatch = (
                MinibatchStddev() if minibatch == "stddev" else MinibatchDiscrimination(features)
            )
            # Columns of a layer on everything: many starts depend on how many inputs there are.
            wide = start(nn.Linear(features + self.minibatch.added, outputs, bias=False))
            columns = [self.last.weight.detach(), wide[:, features:]]
            self.last.weight = nn.Parameter(torch.cat(columns, dim=1))
            self.last.in_features += self.minibatch.added
        self.embed: nn.Embedding | None = None
        if classes:
            self.embed = nn.Embedding(classes, features)
            start(self.embed)

    def forward(
        self, samples: Tensor, labels: Tensor | None = None, only_features: bool = False
    ) -> Tensor:
        """Return logits ``[B]``, or ``[B, outputs]`` where there are several outputs.

        Args:
            samples: Samples ``[B, ...]``.
            labels: Classes ``[B]``, for a projection discriminator.
            only_features: Return the body's features ``[B, features]`` instead.

        Raises:
            ValueError: Labels are missing, or there are labels and nothing that takes them.
        """
        features: Tensor = self.body(samples)
        if only_features:
            return features
        if (labels is None) != (self.embed is None):
            lack = "needs" if labels is None else "was built without classes and takes no"
            raise ValueError(f"this discriminator {lack} labels")
        compared = features if self.minibatch is None else self.minibatch(features)
        logits: Tensor = self.last(compared)
        if self.embed is not None:
            logits = logits + (self.embed(labels) * features).sum(dim=1, keepdim=True)
        return logits.squeeze(1) if logits.shape[1] == 1 else logits


class Autoencoder(nn.Module):
    """A discriminator whose output is its reconstruction error a sample (Zhao et al. 2017).

    Attributes:
        encoder: Samples ``[B, ...]`` to codes ``[B, code]``.
        decoder: Codes to samples.
    """

    def __init__(self, encoder: nn.Module, decoder: nn.Module, error: str) -> None:
        """Make it with the ``"squared"`` error (EBGAN) or the ``"absolute"`` one (BEGAN)."""
        super().__init__()
        self.encoder, self.decoder = encoder, decoder
        self._error = {"squared": torch.square, "absolute": torch.abs}[error]

    def forward(
        self, samples: Tensor, labels: Tensor | None = None, only_features: bool = False
    ) -> Tensor:
        """Return the mean error over all coordinates or pixels of each sample, ``[B]``.

        Args:
            samples: Samples ``[B, ...]``.
            labels: None.
            only_features: Return the codes ``[B, code]`` instead.

        Raises:
            ValueError: There are labels, which an autoencoder does not take.
        """
        code: Tensor = self.encoder(samples)
        if only_features:
            return code
        if labels is not None:
            raise ValueError("an autoencoder takes no labels")
        error: Tensor = self._error(self.decoder(code) - samples)
        return error.flatten(start_dim=1).mean(dim=1)
