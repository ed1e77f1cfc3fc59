"""How many numbers a network has, counted on what is left of it: its state."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn

UNKNOWN = "coefficients"  # of `Units`, in which a network lies; its own names are `network...`


def leaves(network: nn.Module) -> int:
    """Trainable numbers; those that share memory count once, under however many names.

    A view of a part of some memory counts its own numbers, an expanded one those that there are.
    """
    shared: dict[int, list[Tensor]] = defaultdict(list)
    for weight in network.parameters():
        if weight.requires_grad:
            shared[weight.untyped_storage().data_ptr() or id(weight)].append(weight)
    return sum(map(_distinct, shared.values()))


def _distinct(weights: Iterable[Tensor]) -> int:
    """Numbers of some views of one memory, at most all that it holds."""
    views = list(weights)
    held = views[0].untyped_storage().nbytes() // views[0].element_size()
    return min(sum(view.numel() for view in views), held)


def adapted(now: Mapping[str, Tensor], start: Mapping[str, Tensor]) -> int:
    """Untrained numbers of one network that differ between members or from how they began.

    Shape:
        of each: `(member, ...)`, by the same names.
    """
    count = 0
    for name, tensor in now.items():
        changed = (tensor != tensor[:1]) | (tensor != start[name])
        count += int(changed.any(0).sum())
    return count


def learned(state: Mapping[str, Tensor], start: Mapping[str, Tensor], *, share: float) -> int:
    """Numbers of one network that differ between members or from how they began, trained or not.

    Those that a task does not know are the task's, and are not counted. Whoever built the networks
    that begin had no part of what was learned.

    Args:
        state: of a file of weights, `(member, ...)` by name.
        start: the same of networks that nobody has trained.
        share: by which part of itself a number may differ from its start, as other machines draw
            other last digits; then also by the dtype's spacing for the largest number that its
            tensor begins with, as sums that cancel leave 0 here and 3e-9 there. 0: by nothing.

    Raises:
        ValueError: for other names or shapes.
    """
    if {n: t.shape for n, t in state.items()} != {n: t.shape for n, t in start.items()}:
        raise ValueError("networks that begin have another state than those that learned")
    count = 0
    for name, tensor in state.items():
        if name == UNKNOWN:
            continue
        begun = start[name].to(tensor.dtype)
        near = (tensor.double() - begun.double()).abs() <= _rounding(begun, share)
        differs = (tensor != tensor[:1]) | ~((tensor == begun) | near)
        count += int(differs.any(0).sum())
    return count


def _rounding(begun: Tensor, share: float) -> Tensor:
    """By how much each number of a tensor may differ from how it began; nothing if infinite."""
    finite = begun.double().abs().nan_to_num(0.0, posinf=0.0)
    if not (share and begun.is_floating_point() and begun.numel()):
        return share * finite
    return share * finite + torch.finfo(begun.dtype).eps * finite.max()
