"""A module run at weights that are lent to it, and what it does to its state on the way."""

from __future__ import annotations

from collections.abc import Mapping

from torch import nn
from torch.func import functional_call

from kansci.calculus import Network, Opened
from kansci.lifting.stacked import Weights


def lent(module: nn.Module, names: Mapping[str, str], params: Weights, fixed: Weights) -> Network:
    """One network at given weights; state that a module changes in training is changed in `fixed`.

    Args:
        names: for every name of a weight or buffer the one under which it is lent.
    """

    def call(module: nn.Module, args: tuple[object, ...]) -> object:
        own = params | fixed
        within = "network." if isinstance(module, Opened) else ""
        state = {within + name: own[first] for name, first in names.items()}
        answer = functional_call(module, state, args, tie_weights=False)
        if module.training:  # a buffer that was assigned anew is only in `state`
            for name in fixed:
                if state[within + name] is not fixed[name]:
                    fixed[name].copy_(state[within + name].detach())
        return answer

    return Network(module, call)
