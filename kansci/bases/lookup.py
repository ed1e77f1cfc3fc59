"""Five ways to sums of local functions, where each point meets few of many.

`dense` makes all functions; the others look up the coefficients of those that are not 0. All give
the same to rounding. On one core, eager, `dense` is fastest on coarse grids, `gather` on fine ones
or to a single output, `embedding_bag` on fine ones with many outputs; `embedding` and `sparse` are
never: `benchmarks/README.md` has the milliseconds.

Source: Marin 2025, kanditioned ("LinearKAN"), https://github.com/cats-marin/KANditioned, which
names `embedding_bag`, `embedding` and `sparse`.
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

Kernel = Callable[[Tensor, Tensor, Tensor], Tensor]


def dense(coef: Tensor, places: Tensor, weights: Tensor) -> Tensor:
    """All functions, then one product.

    Shape:
        coef: `(out, in, size)`.
        places: whole, within `0 ... size - 1`, and weights: `(in, few, point)` to `(out, point)`.
    """
    return coef.flatten(1) @ placed(places, weights, coef.shape[-1]).flatten(0, 1)


def gather(coef: Tensor, places: Tensor, weights: Tensor) -> Tensor:
    """The functions on edges, `(in, out, point)`, summed."""
    return (picked(coef.transpose(0, 1), places) * weights.unsqueeze(1)).sum((0, 2))


def embedding_bag(coef: Tensor, places: Tensor, weights: Tensor) -> Tensor:
    """Rows of coefficients to all outputs, weighted and summed as they are read.

    It can be differentiated once, and not lifted.
    """
    index, bag = _bags(places, coef.shape[-1]), weights.flatten(0, 1).mT.contiguous()
    return functional.embedding_bag(index, _table(coef), per_sample_weights=bag, mode="sum").mT


def embedding(coef: Tensor, places: Tensor, weights: Tensor) -> Tensor:
    """Rows of coefficients to all outputs, read, then weighted and summed."""
    rows = functional.embedding(_bags(places, coef.shape[-1]), _table(coef))  # (point, -1, out)
    return torch.einsum("pro,rp->op", rows, weights.flatten(0, 1))


def sparse(coef: Tensor, places: Tensor, weights: Tensor) -> Tensor:
    """A sparse matrix of all functions, with as many numbers a row as are not 0, by the table."""
    index = _bags(places, coef.shape[-1])  # (point, -1)
    count, few = index.shape
    rows = torch.arange(count, device=index.device).unsqueeze(-1).expand(-1, few)
    matrix = torch.sparse_coo_tensor(
        torch.stack([rows.flatten(), index.flatten()]),
        weights.flatten(0, 1).mT.flatten(),
        (count, coef[0].numel()),
        check_invariants=False,
    )
    return torch.sparse.mm(matrix, _table(coef)).mT


def _bags(places: Tensor, size: int) -> Tensor:
    """Rows of the table that each point meets, `(point, in * few)`."""
    start = size * torch.arange(len(places), device=places.device)[:, None, None]
    return (places + start).flatten(0, 1).mT.contiguous()


def _table(coef: Tensor) -> Tensor:
    """The coefficients with outputs last, `(in * size, out)`."""
    return coef.flatten(1).mT.contiguous()


def placed(places: Tensor, weights: Tensor, size: int) -> Tensor:
    """Weights put in their places among zeros, `(in, few, point)` to `(in, size, point)`."""
    empty = weights.new_zeros((len(weights), size, weights.shape[-1]))
    return empty.scatter_add(-2, places, weights)


def picked(coef: Tensor, places: Tensor) -> Tensor:
    """Coefficients `(in, out, size)` at places `(in, few, point)`, `(in, out, few, point)`."""
    index = places.flatten(-2).unsqueeze(-2).expand(-1, coef.shape[1], -1)
    return coef.gather(-1, index).unflatten(-1, places.shape[-2:])


KERNELS: dict[str, Kernel] = {
    kernel.__name__: kernel for kernel in (dense, gather, embedding_bag, embedding, sparse)
}
