"""The conformance checks pass what ships and name what is broken in a plugin."""

import re

import pytest

from bench import conformance, objectives
from bench.conformance import PROPERTIES, check, engine
from bench.objectives.base import Objective

PLUGIN = '''"""A plugin of the tests."""

import random
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn.functional import softplus

from bench.objectives.base import Objective, adam, input_gradient

calls = []


@dataclass(frozen=True)
class Plugin(Objective):
    title = "Plugin"
    reference = "Tests"
    per_sample_gradient = True

    weight: float = 1.0

    def discriminator_loss(self, real, fake):
        return softplus(-real).mean() + softplus(fake).mean()

    def generator_loss(self, real, fake):
        return softplus(-fake).mean()

    def penalty(self, critic, context):
        slope = input_gradient(critic, context.real)
        return self.weight * slope.square().sum(dim=1).mean()

    def constrain(self, parameters):
        return parameters

    def estimate(self, real, fake):
        return real.mean() - fake.mean()
'''
GENERATOR = "softplus(-fake).mean()\n"
DISCRIMINATOR = "softplus(-real).mean() + softplus(fake).mean()"
SLOPE = "slope.square().sum(dim=1).mean()"
CONSTRAIN = "return parameters"
ESTIMATE = "real.mean() - fake.mean()\n"

#: (property, what of the plugin is replaced, by what, what the message says)
BROKEN = {
    "not a dataclass": ("definition", "@dataclass(frozen=True)\n", "", "@dataclass"),
    "not frozen": ("definition", "(frozen=True)", "", "frozen"),
    "no reference": ("definition", '    reference = "Tests"\n', "", "'reference' is missing"),
    "blank title": ("definition", '"Plugin"', '" "', "'title' is missing"),
    "no default": ("definition", "float = 1.0", "float", "'weight' has no default"),
    "odd optimiser": ("definition", 'e = "Tests"', 'e = "a"; generator_optimizer = "adam"', "adam"),
    "no steps": ("definition", 'e = "Tests"', 'e = "a"; discriminator_steps = 0', "0"),
    "syntax": ("definition", "return parameters", "return (", "SyntaxError"),
    "import": ("definition", "import random", "import no_such_module", "no_such_module"),
    "two classes": (
        "definition",
        "@dataclass(frozen=True)\nclass Plugin(Objective):",
        "class Other(Objective):\n    discriminator_loss = generator_loss = print\n\n\n"
        "@dataclass(frozen=True)\nclass Plugin(Objective):",
        "it defines Other, Plugin",
    ),
    "no class": ("definition", "(Objective)", "", "it defines none"),
    "incomplete": ("definition", "def generator_loss", "def generator_los", "lacks generator_loss"),
    "NaN": ("finite losses", GENERATOR, "(-fake.exp() / (1 + fake.exp())).mean()\n", "nan"),
    "infinite": ("finite losses", GENERATOR, "(1 - torch.sigmoid(fake)).log().mean()\n", "inf"),
    "infinite slope": ("finite losses", GENERATOR, "-fake.abs().sqrt().mean()\n", "gradient"),
    "single precision": (
        "finite losses",
        DISCRIMINATOR,
        "softplus(-real).mean() - (1 - torch.sigmoid(fake) + 1e-8).log().mean()",
        "float64",
    ),
    "vector": ("finite losses", GENERATOR, "softplus(-fake)\n", "scalar"),
    "number": ("finite losses", GENERATOR, "1.0\n", "a float"),
    "exception": ("finite losses", GENERATOR, "undefined_name\n", "return undefined_name"),
    "log of sigmoid": (
        "saturation",
        GENERATOR,
        "-(torch.sigmoid(fake) + 1e-8).log().mean()\n",
        "generator_loss saturates",
    ),
    "clamped": (
        "saturation",
        DISCRIMINATOR,
        "softplus(-real.clamp(-20, 20)).mean() + softplus(fake).mean()",
        "real logits",
    ),
    "detached": ("gradients", GENERATOR, "softplus(-fake.detach()).mean()\n", "generator_loss"),
    "idle": ("gradients", DISCRIMINATOR, "(real.detach() + fake.detach()).mean()", "discriminator"),
    "infinite estimate": ("estimate", ESTIMATE, "real.exp().mean()\n", "inf"),
    "estimate a sample": ("estimate", ESTIMATE, "real - fake\n", "scalar"),
    "order": (
        "batch order",
        GENERATOR,
        "(softplus(-fake) * torch.arange(len(fake))).mean()\n",
        "generator_loss",
    ),
    "penalty of the first": ("batch order", SLOPE, "slope[0].square().sum()", "penalty"),
    "sum": ("batch size", GENERATOR, "softplus(-fake).sum()\n", "generator_loss grows"),
    "norm of the batch": ("batch size", SLOPE, "(slope.norm() - 1).square()", "one norm a sample"),
    "in place": ("inputs", SLOPE, "context.real.mul_(0.5).sum() + slope.mean()", "in place"),
    "clamp_": (
        "inputs",
        CONSTRAIN,
        "return {k: v.clamp_(-0.1, 0.1) for k, v in parameters.items()}",
        "clamp_",
    ),
    "torch random": ("randomness", SLOPE, "slope.mean() * torch.rand(())", "context.noise"),
    "numpy random": ("randomness", ESTIMATE, "real.mean() + np.random.rand()\n", "global"),
    "random": ("randomness", ESTIMATE, "real.mean() + random.random()\n", "global"),
    "own random": (
        "randomness",
        ESTIMATE,
        "real.mean() + np.random.default_rng().normal()\n",
        "estimate",
    ),
    "state": (
        "randomness",
        GENERATOR,
        "softplus(-fake).mean() * (calls.append(0) or len(calls))\n",
        "keep no state",
    ),
    "infinite slope of the penalty": (
        "penalty",
        SLOPE,
        "slope.square().sum(dim=1).sqrt().mean()",
        "critic of slope 0",
    ),
    "penalty a sample": ("penalty", SLOPE, "slope.square().sum(dim=1)", "scalar"),
    "noise by step": (
        "penalty",
        SLOPE,
        f"{SLOPE} + context.noise.normal(1 + context.step % 2).mean()",
        "always ask for the same",
    ),
    "undeclared slope": (
        "per-sample gradient",
        "per_sample_gradient = True",
        "per_sample_gradient = False",
        "set per_sample_gradient = True",
    ),
    "shrinking": (
        "constraint",
        CONSTRAIN,
        "return {k: 0.9 * v for k, v in parameters.items()}",
        "again",
    ),
    "renaming": (
        "constraint",
        CONSTRAIN,
        'return {k + "!": v for k, v in parameters.items()}',
        "under its name",
    ),
    "branch": (
        "cohort",
        GENERATOR,
        "softplus(-fake).mean() if fake.mean() > 0 else -fake.mean()\n",
        "torch.where",
    ),
    "automatic differentiation of torch": (
        "cohort",
        "slope = input_gradient(critic, context.real)",
        "x = context.real.clone().requires_grad_()\n"
        "        slope = torch.autograd.grad(critic(x).sum(), x, create_graph=True)[0].flatten(1)",
        "use input_gradient",
    ),
    "state of another form": (
        "resume",
        CONSTRAIN,
        "return parameters\n\n"
        "    def after_discriminator_step(self, context):\n"
        "        return {'mean': context.real_logits.mean()}",
        "initial_state must return all",
    ),
    "memory outside the state": (
        "resume",
        GENERATOR,
        "softplus(-fake).mean() * (1 + 0.1 * len(calls))\n\n"
        "    def after_generator_step(self, context):\n"
        "        calls.append(0)\n"
        "        return self.state\n",
        "saved and loaded",
    ),
    "item": ("cohort", GENERATOR, "softplus(-fake).mean() * fake.mean().item()\n", "torch.where"),
}


def plugin(folder, old="", new=""):
    assert not old or PLUGIN.count(old) == 1, old
    path = folder / "plugin.py"
    path.write_text(PLUGIN.replace(old, new) if old else PLUGIN)
    return path


def failed(findings):
    return {finding.name: finding.message for finding in findings if not finding.passed}


@pytest.mark.parametrize("name", objectives.find())
def test_what_ships_conforms(name):
    findings = check(objectives.find()[name], training=name in ("wgan-gp", "minimax"))
    assert failed(findings) == {}


def test_the_plugin_that_the_cases_break_conforms(tmp_path):
    findings = check(plugin(tmp_path), {"weight": 0.1})
    assert failed(findings) == {}
    assert [finding.name for finding in findings] == ["definition", *PROPERTIES]
    assert all(finding.message.endswith(".") for finding in findings)


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_plugin_is_named_for_what_is_broken(case, tmp_path):
    name, old, new, says = BROKEN[case]
    messages = failed(check(plugin(tmp_path, old, new), training=False))
    assert says in messages[name]


def test_every_property_is_broken_once():
    broken = {case[0] for case in BROKEN.values()}
    assert broken >= {"definition", *PROPERTIES} - {"training", "players"}


@pytest.mark.parametrize(
    ("case", "others"),
    [
        ("log of sigmoid", set()),
        ("sum", set()),
        ("order", {"batch size"}),
        ("own random", {"batch order", "batch size"}),
        ("undeclared slope", set()),
        ("shrinking", set()),
        ("branch", {"players", "resume"}),
        ("norm of the batch", {"penalty"}),
    ],
)
def test_a_narrow_mistake_is_the_first_finding_and_little_else_fails(case, others, tmp_path):
    name, old, new, _ = BROKEN[case]
    messages = failed(check(plugin(tmp_path, old, new), training=False))
    assert next(iter(messages)) == name
    assert set(messages) <= {name} | others


def test_a_generator_that_is_driven_away_does_not_improve(tmp_path):
    path = plugin(tmp_path, GENERATOR, "softplus(fake).mean()\n")
    message = failed(check(path))["training"]
    found = re.search(r"W₁ is (\S+), against (\S+) untrained", message)
    after, before = map(float, found.groups())
    assert after > before
    assert "unstable = True" in message


def test_an_objective_that_says_it_is_unstable_need_not_improve(tmp_path):
    path = plugin(
        tmp_path, "    weight: float = 1.0", "    unstable = True\n    weight: float = 1.0"
    )
    path.write_text(path.read_text().replace(GENERATOR, "softplus(fake).mean()\n"))
    findings = check(path)
    assert failed(findings) == {}
    assert "training" not in [finding.name for finding in findings]


def test_an_exception_is_shown_with_the_lines_of_the_plugin_alone(tmp_path):
    path = plugin(tmp_path, GENERATOR, "undefined_name\n")
    message = failed(check(path, training=False))["finite losses"]
    assert message.startswith(f'File "{path}", line ')
    assert message.endswith("NameError: name 'undefined_name' is not defined")
    assert message.count("File ") == 1


def test_an_unknown_hyperparameter_is_a_finding(tmp_path):
    (finding,) = check(plugin(tmp_path), {"wieght": 1.0})
    assert not finding.passed
    assert "did you mean 'weight'" in finding.message


def test_a_definition_with_a_gap_is_still_checked_further(tmp_path):
    path = plugin(tmp_path, '    reference = "Tests"\n', "")
    path.write_text(path.read_text().replace(GENERATOR, "softplus(-fake).sum()\n"))
    assert set(failed(check(path, training=False))) == {"definition", "batch size"}


@pytest.mark.parametrize(
    ("method", "victim", "says"),
    [
        ("discriminator_step", "generator", "changes the generator"),
        ("generator_losses", "discriminator", "changes the discriminator"),
    ],
)
def test_a_step_that_changes_the_other_player_is_found(method, victim, says, monkeypatch):
    honest = getattr(engine.Cohort, method)

    def leaky(self, *arguments):
        result = honest(self, *arguments)
        next(iter(getattr(self, victim).parameters.values())).data.mul_(1.5)
        return result

    monkeypatch.setattr(engine.Cohort, method, leaky)
    with pytest.raises(conformance.BrokenError, match=says):
        engine.players(objectives.create(objectives.find()["hinge"], {}))


def test_stable_is_what_objectives_are_unless_they_say_otherwise():
    assert Objective.unstable is False
