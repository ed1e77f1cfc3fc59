"""Whether networks can be lifted over members, found by trying."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from kansci.draws import Draws
from kansci.lifting.stacked import Weights


class Lifting(NamedTuple):
    """What a trial shows.

    Attributes:
        lifted: whether `torch.vmap` takes the networks, and members would share no draws.
        changes: whether a network changes its own state as it learns.
    """

    lifted: bool
    changes: bool


def tried(lift: Callable[..., Any], flat: Tensor, fixed: Weights, example: Tensor) -> Lifting:
    """Takes a lifted function once, at copies of what some members have.

    Args:
        lift: a function of weights, of the tensors of `fixed` and of points, lifted.
        flat: weights, `(member, n)`.
        fixed: what is not trained, `(member, ...)` each, by name.
        example: a few points of each member, `(member, point, in)`.
    """
    few = slice(2)  # as many as can differ
    own = {name: tensor[few].clone() for name, tensor in fixed.items()}
    draws = Draws("trial", 0, flat.device)
    untouched = draws.unseen()
    try:
        with warnings.catch_warnings(), draws:
            warnings.simplefilter("ignore")  # about slow fallbacks of a module we only try
            lift(flat[few], *own.values(), example[few])
        lifted = draws.unseen() == untouched
    except (RuntimeError, NotImplementedError):
        lifted = False  # a network that is simply wrong fails again, with a plainer error
    changes = any(not torch.equal(fixed[name][few], tensor) for name, tensor in own.items())
    return Lifting(lifted, changes)
