"""How many numbers a network has, counted on what is left of it: its state."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from torch import Tensor, nn


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


def varied(state: Mapping[str, Tensor]) -> int:
    """Numbers of one network that differ between members, trained or not.

    This asks nothing but the file of weights: no code of the model has a part in it.
    """
    return sum(int((tensor != tensor[:1]).any(0).sum()) for tensor in state.values())
