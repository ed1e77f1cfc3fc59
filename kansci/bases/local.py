"""Few functions that are not 0 at a point, put in their places among all: for fine grids."""

import torch
from torch import Tensor
from torch.fx.experimental.proxy_tensor import get_proxy_mode


def fused() -> bool:
    """Whether operations are being recorded for a compiler, which makes one loop of many."""
    return get_proxy_mode() is not None or torch.compiler.is_compiling()


def spread(rows: Tensor, first: Tensor, size: int) -> Tensor:
    """Values of neighbouring functions in rows of all, `(in, few, point)` to `(in, size, point)`.

    Args:
        first: place of the first of the few, `(in, 1, point)`, whole; those that fall outside of
            `0 ... size - 1` are dropped.
    """
    few = torch.arange(rows.shape[-2], device=rows.device).unsqueeze(-1)
    places = first.long() + few  # (in, few, point)
    inside = (places >= 0) & (places < size)
    empty = rows.new_zeros((rows.shape[0], size, rows.shape[-1]))
    return empty.scatter_add(-2, places.clamp(0, size - 1), rows * inside)
