"""Bases of which few functions are not 0 at a point: on fine grids only those are computed."""

from abc import abstractmethod

import torch
from torch import Tensor
from torch.fx.experimental.proxy_tensor import get_proxy_mode

from kansci.bases.basis import ClosedForm


def fused() -> bool:
    """Whether operations are being recorded for a compiler, which makes one loop of many."""
    return get_proxy_mode() is not None or torch.compiler.is_compiling()


class Local(ClosedForm):
    """Neighbours alone are not 0: `few` functions in a row, from a first that moves with the point.

    They are put in their places among all; or, where edges lead to few outputs, their coefficients
    are looked up instead, and nothing of the size of all functions is ever made.
    """

    few: int

    @abstractmethod
    def every(self, x: Tensor, order: int) -> tuple[Tensor, ...]:
        """All functions, `(in, size, point)`, those that are 0 too."""

    @abstractmethod
    def near(self, x: Tensor, order: int) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Place of the first, `(in, 1, point)`, whole, and the few, `(in, few, point)` each.

        Places may lie outside of `0 ... size - 1`; there is no function there.
        """

    @abstractmethod
    def apart(self) -> bool:
        """Whether to find those that are not 0 costs less than to compute all."""

    def rows(self, x: Tensor, order: int) -> tuple[Tensor, ...]:
        if not self.apart():
            return self.every(x, order)
        first, near = self.near(x, order)
        places, inside = self._places(first)
        empty = x.new_zeros((len(x), self.size, x.shape[-1]))
        return tuple(empty.scatter_add(-2, places, one * inside) for one in near)

    def edges(self, coef: Tensor, x: Tensor, order: int) -> tuple[Tensor, ...]:
        if not self.looks_up(coef.shape[1]):
            return super().edges(coef, x, order)
        first, near = self.near(x, order)
        places, inside = self._places(first)
        picked = coef.gather(-1, places.flatten(-2).unsqueeze(-2).expand(-1, coef.shape[1], -1))
        own = picked.unflatten(-1, places.shape[-2:]) * inside.unsqueeze(1)  # (in, out, few, point)
        return tuple((own * one.unsqueeze(1)).sum(-2) for one in near)

    def looks_up(self, dim_out: int) -> bool:
        return self.apart() and dim_out * self.few <= self.size

    def _places(self, first: Tensor) -> tuple[Tensor, Tensor]:
        """Of the few, `(in, few, point)`, brought inside; and where they were."""
        places = first.long() + torch.arange(self.few, device=first.device).unsqueeze(-1)
        return places.clamp(0, self.size - 1), (places >= 0) & (places < self.size)
