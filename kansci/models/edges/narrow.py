"""Smaller layers: some of the inputs and outputs of a layer of edges, of whatever kind."""

from __future__ import annotations

from copy import deepcopy

import torch
from torch import Tensor, nn

from kansci.models.edges.axes import axes_of
from kansci.models.layer import EdgeLayer


@torch.no_grad()
def narrowed(layer: EdgeLayer, inputs: list[int], outputs: list[int]) -> EdgeLayer | None:
    """A copy that has those edges alone; `None` where its kind does not state its axes.

    Args:
        inputs, outputs: places of those that stay.
    """
    axes = axes_of(layer)
    if axes is None:
        return None
    small = deepcopy(layer)
    small.dim_in, small.dim_out = len(inputs), len(outputs)
    places = {"i": inputs, "o": outputs}
    for name, letters in axes.items():
        path, _, own = name.rpartition(".")
        home = small.get_submodule(path)
        old: Tensor = getattr(home, own)
        new = old
        for axis, letter in enumerate(letters):
            new = new.index_select(axis, torch.tensor(places[letter], device=new.device))
        if isinstance(old, nn.Parameter):
            new = nn.Parameter(new.clone(), requires_grad=old.requires_grad)
        setattr(home, own, new)
    return small
