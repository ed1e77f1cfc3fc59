"""What all families of univariate functions share."""

from abc import abstractmethod

from torch import Tensor, nn

from kansci.calculus import taylor


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


def check_grid(grid: int, least: int = 1) -> None:
    """Raises a ValueError that shows wanted and got."""
    if grid < least:
        raise ValueError(f"want grid >= {least}, got {grid=}")


def check_domain(domain: tuple[float, float]) -> None:
    """Raises a ValueError that shows wanted and got."""
    if not domain[0] < domain[1]:
        raise ValueError(f"want a domain with low < high, got {domain=}")
