"""A function of all members as a graph of elementary operations, for any number of members."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.fx import GraphModule, Node

Lifted = Callable[..., tuple[Tensor, ...]]
PRIMES = (1_009, 1_013, 1_019, 1_021, 1_031)  # numbers of members that no other size has


def traced(function: Lifted, example: Sequence[Tensor]) -> GraphModule:
    """The function as elementary operations, for any number of members.

    Traced with a number of members that is prime and that no other size is a multiple of;
    wherever it, or a multiple of it, is written into the graph, the true number is put.
    """
    from torch._subclasses.fake_tensor import FakeTensorMode
    from torch.fx.experimental.proxy_tensor import make_fx

    sizes = {size for one in example for size in one.shape[1:]}
    many = next(prime for prime in PRIMES if all(size % prime for size in sizes))
    with FakeTensorMode(allow_non_fake_inputs=True):
        strangers = [room(one, many) for one in example]
        graph = make_fx(function, _allow_non_fake_inputs=True)(*strangers)
    _generalise(graph, many)
    graph.graph.eliminate_dead_code()
    graph.recompile()
    return graph


def room(one: Tensor, members: int) -> Tensor:
    """An empty tensor that lies in memory as `one` does, for another number of members.

    A program is made for the order of memory that it was traced with.
    """
    order = (0, *sorted(range(1, one.dim()), key=lambda dim: -one.stride(dim)))
    sizes = (members, *one.shape[1:])
    made = torch.empty([sizes[dim] for dim in order], dtype=one.dtype, device=one.device)
    return made.permute([order.index(dim) for dim in range(one.dim())])


def _generalise(module: GraphModule, many: int) -> None:
    graph = module.graph
    inputs = [node for node in graph.nodes if node.op == "placeholder"]
    with graph.inserting_after(inputs[-1]):
        members = graph.call_function(torch.ops.aten.sym_size.int, (inputs[0], 0))
    multiples: dict[int, Node] = {1: members}

    def put(value: Any) -> Any:
        if type(value) is int and value and value % many == 0:
            factor = value // many
            if factor not in multiples:
                with graph.inserting_after(members):
                    multiples[factor] = graph.call_function(_times, (members, factor))
            return multiples[factor]
        if isinstance(value, list | tuple):
            return type(value)(put(one) for one in value)
        return value

    for node in list(graph.nodes):
        if node.op == "call_function" and node not in multiples.values():
            node.args = tuple(put(one) for one in node.args)
            node.kwargs = {name: put(one) for name, one in node.kwargs.items()}


def _times(members: int, factor: int) -> int:
    return members * factor
