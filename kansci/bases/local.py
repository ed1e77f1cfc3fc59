"""Few functions that are not 0 at a point, put in their places among all: for fine grids."""

import torch
from torch import Tensor


def spread(rows: Tensor, first: Tensor, size: int) -> Tensor:
    """Values of neighbouring functions as a row of all, `(*, few)` to `(*, size)`.

    Args:
        first: place of the first of the few, `(*, 1)`, whole; those that fall outside of
            `0 ... size - 1` are dropped.
    """
    places = first.long() + torch.arange(rows.shape[-1], device=rows.device)  # (*, few)
    inside = (places >= 0) & (places < size)
    empty = rows.new_zeros((*rows.shape[:-1], size))
    return empty.scatter_add(-1, places.clamp(0, size - 1), rows * inside)
