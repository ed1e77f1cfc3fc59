"""A single fixed function as a basis of size one: the base branch of a KAN."""

from collections.abc import Callable

from torch import Tensor
from torch.nn import functional

from kansci.bases.basis import Basis
from kansci.calculus import silu

FUNCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "silu": functional.silu,
    "identity": lambda x: x,
}


class Pointwise(Basis):
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

    def forward(self, x: Tensor) -> Tensor:
        return FUNCTIONS[self.function](x).unsqueeze(-1)  # (*, in, 1)

    def taylor(self, x: Tensor, order: int) -> tuple[Tensor, ...]:
        if self.function != "silu":
            return super().taylor(x, order)
        return tuple(row.unsqueeze(-1) for row in silu(x)[: order + 1])
