"""What a network is timed at, and what it keeps in memory for the backward pass."""

from __future__ import annotations

import time
from typing import cast

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks

from kansci.record import Work
from kansci.speed.clock import Call


def call_of(network: nn.Module, x: Tensor, work: Work) -> Call:
    """One piece of work on a batch, ready to be timed.

    - `forward`: without a gradient
    - `forward + backward`: the gradient of the mean square of the outputs
    - `training step`: the same, and a step of `torch.optim.Adam`
    - `inference`: forward in `torch.inference_mode`, the network in evaluation mode

    The step's rate is zero: the work is the same, and the network stays what it is.
    """
    network.train(work != "inference")
    weights = [weight for weight in network.parameters() if weight.requires_grad]

    def forward() -> object:
        with torch.no_grad():
            return network(x)

    def forward_and_backward() -> object:
        return torch.autograd.grad(network(x).square().mean(), weights)

    def inference() -> object:
        with torch.inference_mode():
            return network(x)

    if work == "training step":
        return _step(network, x, weights)
    return {"forward": forward, "forward + backward": forward_and_backward}.get(work, inference)


def _step(network: nn.Module, x: Tensor, weights: list[nn.Parameter]) -> Call:
    optimizer = torch.optim.Adam(weights, lr=0.0)

    def step() -> object:
        optimizer.zero_grad()
        network(x).square().mean().backward()
        return optimizer.step()

    return step


def compiled(network: nn.Module, device: torch.device) -> nn.Module:
    """By inductor, for these shapes alone; on a GPU its kernels are captured and replayed."""
    mode = "reduce-overhead" if device.type == "cuda" else None
    return cast(nn.Module, torch.compile(network, dynamic=False, mode=mode))


def replayed(call: Call) -> Call:
    """Tells captured kernels that a new call begins, which may write where the last one did."""

    def again() -> object:
        torch.compiler.cudagraph_mark_step_begin()
        return call()

    return again


def first_call(call: Call, device: torch.device) -> float:
    """Seconds of the first call, by the wall: compiling, for a network that is compiled."""
    begun = time.perf_counter()
    call()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - begun


def kept(network: nn.Module, x: Tensor) -> int:
    """Bytes that autograd keeps for the backward pass of one batch, the batch among them.

    Each storage counts once and as a whole, however many views of it are saved. Parameters and
    buffers do not count: they are there anyway.
    """
    own = {
        tensor.untyped_storage().data_ptr()
        for tensor in (*network.parameters(), *network.buffers())
    }
    saved: dict[int, Tensor] = {}  # the tensors stay alive, so that no address comes twice

    def pack(tensor: Tensor) -> Tensor:
        saved[tensor.untyped_storage().data_ptr()] = tensor
        return tensor

    with saved_tensors_hooks(pack, lambda tensor: tensor):
        network(x)
    return sum(
        tensor.untyped_storage().nbytes() for place, tensor in saved.items() if place not in own
    )
