"""How a jet passes through a module: `RULES` has one rule for each kind that states it.

Any other module is differentiated by `torch.func` where it stands, so that a network gets as much
of the speed as it is built of known parts. The rules of torch's own modules are here; another kind
of layer registers its own where it is defined, with `passes_jets`. Jets enter a module by `carry`
alone, so that whoever hands one on has the rules.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from kansci.jets import Jet, nested, silu, taylor

Rule = Callable[[Any, Jet], Jet]
RULES: dict[type[nn.Module], Rule] = {}
# What torch says of a module that it cannot differentiate forward, and what is to be done.
REFUSED = {
    "mutate a captured Tensor": "which changes its own state as it learns: use LayerNorm, or none",
    "setup_context": "whose autograd.Function is of the old form: give it a setup_context",
    "doesn't have storage": "which leaves torch, for NumPy perhaps: compute in torch",
}


def passes_jets(kind: type[nn.Module]) -> Callable[[Rule], Rule]:
    """Registers how a jet passes through modules of this kind."""

    def register(rule: Rule) -> Rule:
        RULES[kind] = rule
        return rule

    return register


def carry(module: nn.Module, jet: Jet) -> Jet:
    """The jet of `module(z)`, given that of its input `z`.

    Raises:
        ValueError: for a module that has no rule and that `torch.func` refuses.
    """
    # What computes something else, by a subclass, a hook or a patch, must not inherit a rule.
    if module._forward_hooks or module._forward_pre_hooks or "forward" in vars(module):
        return _without_rule(module, jet)
    for kind in type(module).__mro__:
        if kind in RULES and type(module).forward is kind.forward:
            return RULES[kind](module, jet)
    return _without_rule(module, jet)


def _without_rule(module: nn.Module, jet: Jet) -> Jet:
    try:
        return nested(module, jet)
    except RuntimeError as problem:
        advice = next((one for words, one in REFUSED.items() if words in str(problem)), None)
        if advice is None:
            raise
        wanted = "derivatives by the inputs want layers that torch.func can follow"
        raise ValueError(f"{wanted}, got {type(module).__name__}, {advice}") from problem


@passes_jets(nn.Linear)
def _linear(module: nn.Linear, jet: Jet) -> Jet:
    return jet.linear(lambda z: z @ module.weight.mT, module.bias)


@passes_jets(nn.Sequential)
def _sequential(module: nn.Sequential, jet: Jet) -> Jet:
    for part in module:
        jet = carry(part, jet)
    return jet


@passes_jets(nn.LayerNorm)
def _layer_norm(module: nn.LayerNorm, jet: Jet) -> Jet:
    """From elementary operations: torch's own, twice differentiated forward, is wrong (2.13)."""

    def normal(z: Tensor) -> Tensor:
        dims = tuple(range(-len(module.normalized_shape), 0))
        z = z - z.mean(dims, keepdim=True)
        z = z / (z.square().mean(dims, keepdim=True) + module.eps).sqrt()
        z = z if module.weight is None else z * module.weight
        return z if module.bias is None else z + module.bias

    return nested(normal, jet)


@passes_jets(nn.Identity)
def _identity(module: nn.Identity, jet: Jet) -> Jet:
    return jet


@passes_jets(nn.Tanh)
def _tanh(module: nn.Tanh, jet: Jet) -> Jet:
    f = torch.tanh(jet.value)
    df = 1 - f.square()
    return jet.pointwise(f, df, -2 * f * df)


@passes_jets(nn.SiLU)
def _silu(module: nn.SiLU, jet: Jet) -> Jet:
    return jet.pointwise(*silu(jet.value))


def _any_activation(module: nn.Module, jet: Jet) -> Jet:
    f, df, ddf = taylor(module.forward, jet.value, 2)
    return jet.pointwise(f, df, ddf)


for _kind in (nn.ReLU, nn.GELU, nn.Sigmoid, nn.Softplus, nn.ELU, nn.CELU, nn.LeakyReLU, nn.Mish):
    passes_jets(_kind)(_any_activation)
