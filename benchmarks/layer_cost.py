"""What a layer's forward and backward pass cost: processor time, side by side, and memory kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median

import torch
from torch import Tensor, nn
from turns import now

Step = Callable[[], object]
TURN = 0.01  # seconds
MOST = 200  # steps of a turn


def inputs(dim_in: int, batch: int) -> Tensor:
    """Uniform on the domain, and asked for their gradient, as inside a network."""
    generator = torch.Generator().manual_seed(2)
    return (2 * torch.rand(batch, dim_in, generator=generator) - 1).requires_grad_()


def step_of(layer: nn.Module, x: Tensor) -> Step:
    """Forward, then backward to the inputs and all that is trained."""
    wanted = [x, *(one for one in layer.parameters() if one.requires_grad)]
    cotangent = torch.randn(layer(x).shape, generator=torch.Generator().manual_seed(3))

    def step() -> object:
        return torch.autograd.grad(layer(x), wanted, cotangent, allow_unused=True)

    return step


def in_alternation(steps: Sequence[Step], turns: int) -> list[float]:
    """Milliseconds of one step of each, medians over short turns that alternate."""
    sides = [(step, _steps(step), list[float]()) for step in steps]
    for turn in range(turns):
        for step, count, spent in sides if turn % 2 else reversed(sides):  # nobody always first
            step()  # uncounted: caches and freed memory are another's
            begun = now().cpu
            for _ in range(count):
                step()
            spent.append((now().cpu - begun) / count)
    return [1e3 * median(spent) for _, _, spent in sides]


def _steps(step: Step) -> int:
    """How many fill a turn, after two to warm up."""
    step()
    step()
    begun = now().cpu
    step()
    return max(1, min(MOST, round(TURN / max(now().cpu - begun, 1e-6))))


def kept(layer: nn.Module, x: Tensor) -> int:
    """Bytes that wait for the backward pass, beside the inputs and what is trained."""
    known = {one.untyped_storage().data_ptr() for one in (x, *layer.parameters(), *layer.buffers())}
    found: dict[int, int] = {}

    def pack(one: Tensor) -> Tensor:
        storage = one.untyped_storage()
        if storage.data_ptr() not in known:
            found[storage.data_ptr()] = storage.nbytes()
        return one

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda one: one):
        y = layer(x)  # what waits stays alive with it, so that no address is met twice
    del y
    return sum(found.values())
