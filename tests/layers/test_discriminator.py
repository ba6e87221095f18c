"""What is read off the features of a discriminator."""

import numpy as np
import pytest
import torch
from torch import nn

from bench.layers import Autoencoder, Discriminator


class Rows(nn.Module):
    """Samples are their own features."""

    def forward(self, samples):
        return samples


def test_plain_logits_are_an_affine_map_of_the_features():
    network = Discriminator(Rows(), 2)
    with torch.no_grad():
        network.last.weight.copy_(torch.tensor([[2.0, -1.0]]))
        network.last.bias.fill_(0.5)
    samples = torch.tensor([[1.0, 1.0], [0.0, 3.0]])
    assert torch.equal(network(samples), torch.tensor([1.5, -2.5]))
    assert network(samples, only_features=True) is samples


@pytest.mark.parametrize("minibatch", ["", "stddev"])
def test_the_projection_is_an_inner_product_with_the_bodys_features(minibatch):
    network = Discriminator(Rows(), 2, minibatch=minibatch, classes=3)
    with torch.no_grad():
        network.last.weight.fill_(1.0)
        network.last.bias.fill_(0.25)
        network.embed.weight.copy_(torch.tensor([[0.0, 1.0], [10.0, 0.0], [-1.0, 2.0]]))
    samples = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    logits = network(samples, torch.tensor([1, 2, 0])).detach().numpy()
    extra = np.std([1, 3, 5]) if minibatch else 0
    expected = np.array([3.25 + 10, 7.25 - 3 + 8, 11.25 + 6]) + extra
    np.testing.assert_allclose(logits, expected, rtol=1e-6)


def test_class_vectors_start_no_larger_than_the_last_layers_weights():
    torch.manual_seed(0)
    network = Discriminator(Rows(), 100, classes=1000)
    values = network.embed.weight.detach()
    assert values.abs().max() <= 0.1
    assert values.std().item() == pytest.approx(0.2 / 12**0.5, rel=0.02)


@pytest.mark.parametrize(("minibatch", "added"), [("stddev", 1), ("discrimination", 16)])
def test_weights_on_what_is_compared_start_no_larger_than_those_on_the_features(minibatch, added):
    torch.manual_seed(0)
    network = Discriminator(Rows(), 25, outputs=400, minibatch=minibatch)
    assert network.last.weight.shape == (400, 25 + added)
    assert network.last.in_features == 25 + added
    values = network.last.weight.detach()[:, 25:]
    assert values.abs().max() <= 0.2
    assert values.std().item() == pytest.approx(0.4 / 12**0.5, rel=0.1)


def test_labels_are_wanted_exactly_where_there_are_classes():
    samples, labels = torch.randn(3, 2), torch.tensor([0, 1, 0])
    network = Discriminator(Rows(), 2, classes=2)
    with pytest.raises(ValueError, match="needs labels"):
        network(samples)
    assert network(samples, only_features=True).shape == (3, 2)
    with pytest.raises(ValueError, match="takes no labels"):
        Discriminator(Rows(), 2)(samples, labels)
    with pytest.raises(ValueError, match="takes no labels"):
        Autoencoder(Rows(), Rows(), "squared")(samples, labels)


def test_one_sample_keeps_its_axis():
    assert Discriminator(Rows(), 2)(torch.randn(1, 2)).shape == (1,)
    assert Discriminator(Rows(), 2, outputs=3)(torch.randn(1, 2)).shape == (1, 3)


@pytest.mark.parametrize(
    ("error", "expected"), [("squared", [(0 + 4 + 9) / 3, 1 / 3]), ("absolute", [5 / 3, 1 / 3])]
)
def test_an_autoencoders_output_is_its_mean_error(error, expected):
    """The encoder takes the first coordinate and the decoder repeats it."""
    encoder, decoder = nn.Linear(3, 1, bias=False), nn.Linear(1, 3, bias=False)
    with torch.no_grad():
        encoder.weight.copy_(torch.tensor([[1.0, 0.0, 0.0]]))
        decoder.weight.fill_(1.0)
    samples = torch.tensor([[1.0, 3.0, -2.0], [2.0, 2.0, 1.0]])
    network = Autoencoder(encoder, decoder, error)
    torch.testing.assert_close(network(samples), torch.tensor(expected))
    assert torch.equal(network(samples, only_features=True), torch.tensor([[1.0], [2.0]]))


def test_an_autoencoders_error_is_a_mean_over_all_pixels():
    decoder = nn.Sequential(nn.Linear(1, 12), nn.Unflatten(1, (3, 2, 2)))
    encoder = nn.Sequential(nn.Flatten(), nn.Linear(12, 1))
    network, images = Autoencoder(encoder, decoder, "squared"), torch.randn(5, 3, 2, 2)
    made = decoder(encoder(images)).detach().numpy()
    expected = [np.mean((a - b) ** 2) for a, b in zip(made, images.numpy(), strict=True)]
    np.testing.assert_allclose(network(images).detach().numpy(), expected, rtol=1e-5)
