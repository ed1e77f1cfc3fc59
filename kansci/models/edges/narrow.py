"""Smaller layers: some of the inputs and outputs of a layer of edges, of whatever kind."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from copy import deepcopy
from itertools import product

import torch
from torch import Tensor, nn

from kansci.models.layer import EdgeLayer, points_last

TRIES = 256  # ways to cut a layer's tensors that are tried at most
SAME = 1e-6  # relative difference of functions that are the same but for rounding


@torch.no_grad()
def narrowed(layer: EdgeLayer, inputs: list[int], outputs: list[int]) -> EdgeLayer | None:
    """A copy that has those edges alone; `None` where none can be cut out.

    A layer need not say which axes of its numbers are those of inputs and outputs: the ways to
    cut them that the sizes allow are tried, until one leaves the functions on edges as they were.

    Args:
        inputs, outputs: places of those that stay.
    """
    like = next(layer.parameters())
    # Different at every input: an axis that is mistaken for another must show.
    x = torch.linspace(-0.97, 0.94, 9 * layer.dim_in).to(like).reshape(layer.dim_in, 9)
    want = layer.edges(x, 0)[0][inputs][:, outputs]
    for tries, cuts in enumerate(ways(layer)):
        if tries == TRIES:
            break
        small = cut(layer, cuts, inputs, outputs)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")  # of shapes that meet by chance
                got = small.edges(x[inputs], 0)[0]
                small(points_last(x[inputs]))
        except (RuntimeError, IndexError, ValueError, Warning):
            continue
        if got.shape == want.shape and (got - want).abs().max() <= SAME * (1 + want.abs().max()):
            return small
    return None


Cut = tuple[int | None, int | None]  # the axis of the inputs and that of the outputs


def ways(layer: EdgeLayer) -> Iterator[dict[str, Cut]]:
    """All ways to cut the tensors of a layer, the most thorough first."""
    tensors = tensors_of(layer)
    options = [axes(tensor, layer) for tensor in tensors.values()]
    for choice in product(*options):
        yield dict(zip(tensors, choice, strict=True))


def axes(tensor: Tensor, layer: EdgeLayer) -> list[Cut]:
    """Which axes may be those of the inputs and outputs, judging by their sizes."""
    found: list[Cut] = []
    places = range(tensor.ndim)
    ins = [axis for axis in places if tensor.shape[axis] == layer.dim_in]
    outs = [axis for axis in places if tensor.shape[axis] == layer.dim_out]
    for i, o in product([*ins, None], [*outs, None]):
        if i is None or i != o:
            found.append((i, o))
    return sorted(found, key=lambda one: one.count(None))


def cut(layer: EdgeLayer, cuts: dict[str, Cut], inputs: list[int], outputs: list[int]) -> EdgeLayer:
    """A copy whose tensors are cut so."""
    small = deepcopy(layer)
    small.dim_in, small.dim_out = len(inputs), len(outputs)
    for name, tensor in tensors_of(layer).items():
        for axis, places in zip(cuts[name], (inputs, outputs), strict=True):
            if axis is not None:
                tensor = tensor.index_select(axis, torch.tensor(places, device=tensor.device))
        put(small, name, tensor)
    if layer.bias is not None:
        put(small, "bias", layer.bias[outputs])
    if layer.kept is not None:
        put(small, "kept", layer.kept[outputs][:, inputs])
    return small


def tensors_of(layer: nn.Module) -> dict[str, Tensor]:
    """Parameters and buffers by name, but for those of which every layer says what they are."""
    every = {**dict(layer.named_parameters()), **dict(layer.named_buffers())}
    return {name: tensor for name, tensor in every.items() if name not in ("bias", "kept")}


def put(module: nn.Module, name: str, tensor: Tensor) -> None:
    """In place of the parameter or buffer of that name."""
    path, _, own = name.rpartition(".")
    home = module.get_submodule(path)
    old = getattr(home, own)
    new = tensor.clone()
    if isinstance(old, nn.Parameter):
        new = nn.Parameter(new, requires_grad=old.requires_grad)
    setattr(home, own, new)
