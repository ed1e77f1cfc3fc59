"""What cannot be lifted: looped over, member by member, with the numbers that a lift would give."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_map

from kansci.draws import Draws
from kansci.lifting.stacked import Weights
from kansci.task import Batch


def looped(one: Callable[..., Any], own: Sequence[Draws]) -> Callable[..., Any]:
    """From a function of one member to one of all, whose arguments are stacked.

    Args:
        own: draws of each member, from which it draws wherever it stands among others.
    """

    def loop(*stacked: Any) -> Any:
        alone = []
        for index, draws in enumerate(own):
            with draws:
                alone.append(one(*tree_map(lambda s, i=index: s[i], stacked)))
        return tree_map(lambda *leaves: torch.stack(leaves), *alone)

    return loop


def by_autograd(one: Callable[..., Tensor]) -> Callable[..., tuple[Weights, Tensor]]:
    """Gradient and value of one member, for networks that `torch.func` refuses as well.

    So are an `autograd.Function` of the old form, and a detour over NumPy.
    """

    def gradient_and_value(params: Weights, fixed: Weights, batch: Batch) -> tuple[Weights, Tensor]:
        leaves = {name: weight.detach().requires_grad_() for name, weight in params.items()}
        own = {name: tensor.clone() for name, tensor in fixed.items()}
        value = one(leaves, own, batch)
        found = torch.autograd.grad(
            value, list(leaves.values()), allow_unused=True, materialize_grads=True
        )
        for name, tensor in own.items():  # without the graph that hangs on them
            fixed[name].copy_(tensor.detach())
        return dict(zip(leaves, found, strict=True)), value.detach()

    return gradient_and_value
