"""A single fixed function as a basis of size one: the base branch of a KAN."""

from collections.abc import Callable

import torch
from torch import Tensor

from kansci.bases.basis import ClosedForm
from kansci.jets import silu

FUNCTIONS: dict[str, Callable[[Tensor], tuple[Tensor, Tensor, Tensor]]] = {
    "silu": silu,
    "identity": lambda x: (x, torch.ones_like(x), torch.zeros_like(x)),
}


class Pointwise(ClosedForm):
    """One function of each input, by name.

    Args:
        function: one of `FUNCTIONS`.

    Raises:
        ValueError: for any other name.
    """

    size = 1

    def __init__(self, dim_in: int, *, function: str = "silu") -> None:
        super().__init__()
        if function not in FUNCTIONS:
            raise ValueError(f"want a function out of {sorted(FUNCTIONS)}, got {function=}")
        self.function = function

    def rows(self, x: Tensor, order: int) -> tuple[Tensor, ...]:
        return tuple(row.unsqueeze(-2) for row in FUNCTIONS[self.function](x)[: order + 1])

    def fill(self, x: Tensor, out: Tensor, *, keep: bool) -> tuple[Tensor, ...]:
        if self.function == "identity":
            out.squeeze(1).copy_(x)
        else:
            torch.ops.aten.silu.out(x, out=out.squeeze(1))
        return ()

    def pull(
        self, x: Tensor, out: Tensor, kept: tuple[Tensor, ...], cotangent: Tensor
    ) -> tuple[Tensor, ...]:
        back = cotangent.squeeze(1)
        if self.function == "identity":
            return (back,)
        return (torch.ops.aten.silu_backward(back, x),)
