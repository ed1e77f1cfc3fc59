"""What all families of univariate functions share.

Users see points first, `(*, in, size)`. A layer asks for `rows`, `(in, size, point)`: what is
computed for each point lies side by side in memory, whatever the number of functions is.
"""

from abc import abstractmethod

from torch import Tensor, nn

from kansci.jets import taylor


class Basis(nn.Module):
    """A family of `size` functions of one number, shared by the edges of a layer.

    Shape:
        x: `(*, in)` to `(*, in, size)`.
    """

    size: int

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


class ClosedForm(Basis):
    """A basis that states its rows, from which all else follows."""

    @abstractmethod
    def rows(self, x: Tensor, order: int) -> tuple[Tensor, ...]: ...

    def forward(self, x: Tensor) -> Tensor:
        return self.taylor(x, 0)[0]

    def taylor(self, x: Tensor, order: int) -> tuple[Tensor, ...]:
        found = self.rows(x.reshape(-1, x.shape[-1]).mT, order)  # (in, size, point)
        return tuple(row.movedim(-1, 0).reshape(*x.shape, self.size) for row in found)


def check_grid(grid: int, least: int = 1) -> None:
    """Raises a ValueError that shows wanted and got."""
    if grid < least:
        raise ValueError(f"want grid >= {least}, got {grid=}")


def check_domain(domain: tuple[float, float]) -> None:
    """Raises a ValueError that shows wanted and got."""
    if not domain[0] < domain[1]:
        raise ValueError(f"want a domain with low < high, got {domain=}")
