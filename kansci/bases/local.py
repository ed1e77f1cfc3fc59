"""Bases of which few functions are not 0 at a point: on fine grids only those are computed."""

from abc import abstractmethod

import torch
from torch import Tensor
from torch.fx.experimental.proxy_tensor import get_proxy_mode

from kansci.bases.basis import ClosedForm
from kansci.bases.lookup import embedding_bag, picked, placed

DENSE = 32  # functions up to which, compiled, all cost less than to find those that are not 0
BAGS = 4  # times the few from which, without gradients, bags cost less than a product
WIDE = 8  # outputs from which they cost less than to look up the functions of edges


def fused() -> bool:
    """Whether operations are being recorded for a compiler, which makes one loop of many."""
    return get_proxy_mode() is not None or torch.compiler.is_compiling()


def values_alone() -> bool:
    """Whether one network's values are wanted, no derivatives and no other members'."""
    lifted = torch._C._are_functorch_transforms_active()
    return not (torch.is_grad_enabled() or lifted or fused())


class Local(ClosedForm):
    """Neighbours alone are not 0: `few` functions in a row, from a first that moves with the point.

    They are put in their places among all; or, where edges lead to few outputs, their coefficients
    are looked up instead, and nothing of the size of all functions is ever made.
    """

    few: int

    @abstractmethod
    def near(self, x: Tensor, order: int) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Place of the first, `(in, 1, point)`, whole, and the few, `(in, few, point)` each.

        Places may lie outside of `0 ... size - 1`; there is no function there.
        """

    def every(self, x: Tensor, order: int) -> tuple[Tensor, ...]:
        """All functions, `(in, size, point)`, those that are 0 too."""
        return self.among_zeros(x, order)

    def among_zeros(self, x: Tensor, order: int) -> tuple[Tensor, ...]:
        """The same from the few, put in their places."""
        places, near = self._found(x, order)
        return tuple(placed(places, one, self.size) for one in near)

    def apart(self) -> bool:
        """Whether to find those that are not 0 costs less than to compute all."""
        return not (self.size <= DENSE and fused())

    def rows(self, x: Tensor, order: int) -> tuple[Tensor, ...]:
        return self.among_zeros(x, order) if self.apart() else self.every(x, order)

    def edges(self, coef: Tensor, x: Tensor, order: int) -> tuple[Tensor, ...]:
        if not self.looks_up(coef.shape[1]):
            return super().edges(coef, x, order)
        places, near = self._found(x, order)
        own = picked(coef, places)  # (in, out, few, point)
        return tuple((own * one.unsqueeze(1)).sum(-2) for one in near)

    def looks_up(self, dim_out: int) -> bool:
        return dim_out * self.few <= self.size and self.apart()

    def sums(self, coef: Tensor, x: Tensor) -> Tensor:
        if not self.bags(len(coef)):
            return super().sums(coef, x)
        places, (near,) = self._found(x, 0)
        return embedding_bag(coef, places, near)

    def bags(self, dim_out: int) -> bool:
        return dim_out >= WIDE and self.size > BAGS * self.few and values_alone()

    def fill(self, x: Tensor, out: Tensor, *, keep: bool) -> tuple[Tensor, ...]:
        places, (near,) = self._found(x, 0)
        out.zero_().scatter_add_(-2, places, near)
        return ()

    def pull(
        self, x: Tensor, out: Tensor, kept: tuple[Tensor, ...], cotangent: Tensor
    ) -> tuple[Tensor, ...]:
        places, (_, slope) = self._found(x, 1)
        return (slope.mul_(cotangent.gather(-2, places)).sum(-2),)

    def _found(self, x: Tensor, order: int) -> tuple[Tensor, list[Tensor]]:
        """Places brought inside, and the few, 0 where they were not, `(in, few, point)` each."""
        first, near = self.near(x, order)
        places = first.long() + torch.arange(self.few, device=first.device).unsqueeze(-1)
        inside = (places >= 0) & (places < self.size)
        return places.clamp(0, self.size - 1), [one * inside for one in near]
