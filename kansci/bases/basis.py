"""What all families of univariate functions share.

Users see points first, `(*, in, size)`. A layer asks for `rows`, `(in, size, point)`: what is
computed for each point lies side by side in memory, whatever the number of functions is.
"""

from abc import abstractmethod
from functools import cache

import torch
from torch import Tensor, nn

from kansci.jets import taylor

STATED = {"forward", "taylor", "rows", "near", "every"}  # any of them says what functions are


class Basis(nn.Module):
    """A family of `size` functions of one number, shared by the edges of a layer.

    Shape:
        x: `(*, in)` to `(*, in, size)`.
    """

    size: int
    own: bool = False  # whether it states `fill` and `pull`
    keeps: int = 0  # how many tensors `fill` hands to `pull`

    def __init_subclass__(cls, **options: object) -> None:
        """Whoever states other functions states how to fill them in, or has no own gradient."""
        super().__init_subclass__(**options)
        if STATED & set(vars(cls)):
            cls.own = "fill" in vars(cls)

    @abstractmethod
    def forward(self, x: Tensor) -> Tensor: ...

    def taylor(self, x: Tensor, order: int) -> tuple[Tensor, ...]:
        """Values and derivatives up to `order` <= 2, each `(*, in, size)`.

        By `torch.func`, one number at a time; a basis with a closed form overrides it.
        """
        # A function that appends a dimension is still one of each number alone.
        return taylor(self, x, order)

    def rows(self, x: Tensor, order: int) -> tuple[Tensor, ...]:
        """The same with points last, `(in, point)` to `(in, size, point)` each."""
        return tuple(row.movedim(0, -1) for row in self.taylor(x.mT, order))

    def edges(self, coef: Tensor, x: Tensor, order: int) -> tuple[Tensor, ...]:
        """The functions of edges and their derivatives, weighted sums of the rows.

        Shape:
            coef: `(in, out, size)`.
            x: `(in, point)` to `(in, out, point)` each.
        """
        return tuple(coef @ row for row in self.rows(x, order))

    def looks_up(self, dim_out: int) -> bool:
        """Whether the edges to so many outputs cost less than the rows."""
        return False

    def sums(self, coef: Tensor, x: Tensor) -> Tensor:
        """Values summed over inputs, `coef (out, in, size)` and `(in, point)` to `(out, point)`."""
        return coef.flatten(1) @ self.rows(x, 0)[0].flatten(0, 1)

    def bags(self, dim_out: int) -> bool:
        """Whether, here and now, sums to so many outputs cost less than either."""
        return False

    def trained(self) -> tuple[Tensor, ...]:
        """Its parameters, in order; nothing, for most bases."""
        return ()

    def fill(self, x: Tensor, out: Tensor, *, keep: bool) -> tuple[Tensor, ...]:
        """Writes the functions into a tensor, in as few passes as can be, without autograd.

        Shape:
            x: `(in, point)`.
            out: `(in, size, point)`.

        Args:
            keep: whether `pull` will come.

        Returns:
            What it wants to see again, besides, each with the inputs first.
        """
        raise NotImplementedError

    def pull(
        self, x: Tensor, out: Tensor, kept: tuple[Tensor, ...], cotangent: Tensor
    ) -> tuple[Tensor, ...]:
        """From a cotangent of the functions those of `x` and of all that is `trained`.

        Shape:
            out, cotangent: `(in, size, point)`; the cotangent may be written over.
        """
        raise NotImplementedError


class ClosedForm(Basis):
    """A basis that states its rows, from which all else follows."""

    @abstractmethod
    def rows(self, x: Tensor, order: int) -> tuple[Tensor, ...]: ...

    def forward(self, x: Tensor) -> Tensor:
        return self.taylor(x, 0)[0]

    def taylor(self, x: Tensor, order: int) -> tuple[Tensor, ...]:
        found = self.rows(x.reshape(-1, x.shape[-1]).mT, order)  # (in, size, point)
        return tuple(row.movedim(-1, 0).reshape(*x.shape, self.size) for row in found)


@cache
def one_apart(first: float, count: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """Numbers from a first on, `(count, 1)`, made once.

    For what is computed without autograd, where a number of Python's would be made a tensor, and
    then one of the right dtype, by every operation that it enters.
    """
    numbers = [first + index for index in range(count)]
    return torch.tensor(numbers, dtype=dtype, device=device).unsqueeze(-1)


def check_grid(grid: int, least: int = 1) -> None:
    """Raises a ValueError that shows wanted and got."""
    if grid < least:
        raise ValueError(f"want grid >= {least}, got {grid=}")


def check_domain(domain: tuple[float, float]) -> None:
    """Raises a ValueError that shows wanted and got."""
    if not domain[0] < domain[1]:
        raise ValueError(f"want a domain with low < high, got {domain=}")


def check_degree(degree: int) -> None:
    """Raises a ValueError that shows wanted and got."""
    if degree < 1:
        raise ValueError(f"want degree >= 1, got {degree=}")
