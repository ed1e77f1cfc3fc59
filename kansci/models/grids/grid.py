"""What is to be known of a basis to change its grid, and which bases have one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch import Tensor

from kansci.bases import Basis


class Grid(ABC):
    """The grid of a basis: knots that divide an interval into cells.

    Args:
        basis: of the kind that the subclass is registered for, in float64 where numbers count.
    """

    def __init__(self, basis: Any) -> None:
        self.basis = basis

    @abstractmethod
    def knots(self) -> Tensor:
        """They never fall, `(in, cells + 1)`, or `(1, cells + 1)` if all inputs share them."""

    @abstractmethod
    def finer(self, cells: int) -> Basis:
        """A new basis of the kind, on as many cells of the same interval.

        Where they are a multiple, each cell is divided evenly.
        """

    @abstractmethod
    def moved(self, knots: Tensor) -> Basis:
        """A new basis on other knots, float64 and rising, `(in, cells + 1)`."""

    def cells(self) -> int:
        return self.knots().shape[-1] - 1

    def design(self, x: Tensor) -> Tensor:
        """Functions to be fitted, `(in, point)` to `(in, size, point)`."""
        return self.basis.rows(x, 0)[0]

    def coefficients(self, solved: Tensor) -> Tensor:
        """Those of the basis from those of the `design`, `(*, size)`."""
        return solved


GRIDS: dict[type[Basis], type[Grid]] = {}
Kind = TypeVar("Kind", bound=type[Grid])


def grid_of_a(basis: type[Basis]) -> Callable[[Kind], Kind]:
    """Registers what the grid of a basis of this kind is."""

    def register(kind: Kind) -> Kind:
        GRIDS[basis] = kind
        return kind

    return register


def find_grid(basis: Basis) -> Grid | None:
    """The grid of a basis; `None` for functions that are not local."""
    for kind in type(basis).__mro__:
        if kind in GRIDS:
            return GRIDS[kind](basis)
    return None


def even(low: float, step: float, cells: int) -> Tensor:
    """Knots that all inputs share, `(1, cells + 1)`."""
    return low + step * torch.arange(cells + 1, dtype=torch.double).unsqueeze(0)


def along(rows: Tensor, cells: int) -> Tensor:
    """Rows read at even places from their first to their last number, `(*, cells + 1)`.

    Between two numbers it is on the straight line; knots are divided so, and quantiles found.
    """
    last = rows.shape[-1] - 1
    place = torch.arange(cells + 1, device=rows.device, dtype=torch.double) * last / cells
    left = place.floor().long().clamp(max=max(last - 1, 0))
    share = (place - left).to(rows.dtype)
    return torch.lerp(rows[..., left], rows[..., (left + 1).clamp(max=last)], share)
