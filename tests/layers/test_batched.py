"""Two networks at once give what each gives alone, second derivatives included."""

import copy
from dataclasses import fields

import pytest
import torch
from torch import nn
from torch.func import functional_call, grad, stack_module_state, vmap

from bench import architectures
from bench.architectures.base import Form
from bench.layers import Dropout, with_reference

BATCH = 5
SMALL = {"latent": 3, "width": 4, "hidden": 6, "depth": 2, "kept_inputs": 80, "group": 2}
SMALL |= {"generator_width": 6, "discriminator_width": 6}


def family(path):
    names = {field.name for field in fields(architectures.load(path))}
    nets = architectures.create(path, {key: SMALL[key] for key in SMALL.keys() & names})
    return nets, next(shape for shape in ((2,), (1, 8, 8)) if nets.refusal(shape) is None)


FAMILIES = {name: family(path) for name, path in architectures.find().items()}
FORMS = {
    "plain": Form(),
    "outputs": Form(outputs=3, batch_norm=False),
    "discrimination": Form(minibatch="discrimination"),
    "stddev": Form(minibatch="stddev", batch_norm=False),
    "squared": Form(reconstruction="squared"),
    "absolute": Form(reconstruction="absolute", batch_norm=False),
    "classes": Form(classes=4),
}
LABELS = torch.tensor([[0, 1, 2, 3, 0], [3, 3, 1, 0, 2]])


def objective(slope, output):
    """Return a loss that needs the gradient at the samples: a penalty and the output."""
    # A constant under the root: where every unit is dead, the slope is zero.
    return slope.square().flatten(1).sum(1).add(1e-3).sqrt().sub(1).square().mean() + output.mean()


def alone(network, samples, labels, options):
    """Return one network's loss and its gradients by ordinary double backward."""
    samples = samples.clone().requires_grad_()
    output = network(samples, *labels, **options)
    (slope,) = torch.autograd.grad(output.sum(), samples, create_graph=True)
    loss = objective(slope, output)
    parameters = dict(network.named_parameters())
    found = torch.autograd.grad(loss, list(parameters.values()), allow_unused=True)
    return loss.detach(), dict(zip(parameters, found, strict=True))


def check(networks, shape, labels=None, **options):
    torch.manual_seed(9)
    networks = [network.double() for network in networks]
    samples = torch.randn(2, BATCH, *shape, dtype=torch.float64)
    parameters, buffers = stack_module_state(networks)
    draws = {
        f"{name}.uniform": torch.rand(2, BATCH + 1, *module.units, dtype=torch.float64)
        for name, module in networks[0].named_modules()
        if isinstance(module, Dropout)
    }
    buffers = {**buffers, **draws}
    template = copy.deepcopy(networks[0]).to("meta")
    given = () if labels is None else (labels,)

    def one(parameters, buffers, samples, *labels):
        def run(samples):
            return functional_call(
                template, {**parameters, **buffers}, (samples, *labels), dict(options)
            )

        return objective(grad(lambda x: run(x).sum())(samples), run(samples))

    losses = vmap(one)(parameters, buffers, samples, *given)
    together = torch.autograd.grad(losses.sum(), list(parameters.values()), allow_unused=True)
    for run, network in enumerate(networks):
        for key, value in draws.items():
            network.get_submodule(key.removesuffix(".uniform")).uniform = value[run]
        loss, gradients = alone(network, samples[run], [value[run] for value in given], options)
        torch.testing.assert_close(losses[run].detach(), loss)
        for key, gradient in zip(parameters, together, strict=True):
            if gradients[key] is None:
                assert gradient is None or not gradient[run].any()
            else:
                assert torch.isfinite(gradient).all()
                torch.testing.assert_close(gradient[run], gradients[key], msg=key)


def pair(build):
    made = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        made.append(build())
        # As they start, some weights are so small, or zero, that nothing would pass.
        for parameter in made[-1].parameters():
            if parameter.ndim > 1:
                nn.init.normal_(parameter, 0.0, (2 / parameter[0].numel()) ** 0.5)
    return made


@pytest.mark.parametrize("only_features", [False, True])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("family", FAMILIES)
def test_discriminators(family, form, only_features):
    nets, shape = FAMILIES[family]
    labels = LABELS if FORMS[form].classes and not only_features else None
    networks = pair(lambda: nets.discriminator(shape, FORMS[form]))
    check(networks, shape, labels, **({"only_features": True} if only_features else {}))


@pytest.mark.parametrize("form", ["plain", "discrimination", "squared", "classes"])
def test_discriminators_with_a_reference(form):
    nets, shape = FAMILIES["dcgan"]
    labels = LABELS if FORMS[form].classes else None

    def build():
        return with_reference(nets.discriminator(shape, FORMS[form]), torch.randn(4, *shape))

    check(pair(build), shape, labels)


@pytest.mark.parametrize("family", FAMILIES)
def test_generators(family):
    nets, shape = FAMILIES[family]
    networks = pair(lambda: nets.generator(shape))
    if any(isinstance(part, nn.modules.batchnorm._BatchNorm) for part in networks[0].modules()):
        networks = [with_reference(network, torch.randn(4, nets.latent)) for network in networks]
    check(networks, (nets.latent,))
