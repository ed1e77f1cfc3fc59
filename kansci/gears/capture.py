"""CUDA graphs: a function of small tensors is recorded once and replayed with one launch.

Networks of some hundred numbers wait for the launches of their operations, not for the
operations. Where recording fails, the function runs as it is.

Source: https://pytorch.org/docs/stable/notes/cuda.html, "CUDA Graphs".
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Function = Callable[..., tuple[Tensor, ...]]
WARM = 3  # calls before a recording, in which libraries set themselves up


def captured(function: Function) -> Function:
    """The function, recorded anew for every list of shapes that it is called with."""
    recordings: dict[tuple[torch.Size, ...], Function] = {}

    def call(*arguments: Tensor) -> tuple[Tensor, ...]:
        shapes = tuple(one.shape for one in arguments)
        if shapes not in recordings:
            try:
                recordings[shapes] = _recorded(function, arguments)
            except RuntimeError:  # an operation that cannot be recorded
                recordings[shapes] = function
        return recordings[shapes](*arguments)

    return call


def _recorded(function: Function, arguments: tuple[Tensor, ...]) -> Function:
    own = [one.clone() for one in arguments]
    aside = torch.cuda.Stream()
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):
        for _ in range(WARM):
            function(*own)
    torch.cuda.current_stream().wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        answers = function(*own)

    def replay(*given: Tensor) -> tuple[Tensor, ...]:
        for mine, theirs in zip(own, given, strict=True):
            mine.copy_(theirs)
        graph.replay()
        return tuple(one.clone() for one in answers)

    return replay
