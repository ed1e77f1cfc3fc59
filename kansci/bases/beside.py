"""Several bases side by side, as one: splines and a base branch, splines and Gaussians."""

from collections.abc import Iterable
from typing import cast

import torch
from torch import Tensor, nn

from kansci.bases.basis import Basis, ClosedForm
from kansci.jets import total


class Beside(ClosedForm):
    """The functions of all parts, in order; `size` is the sum of theirs."""

    def __init__(self, *parts: Basis) -> None:
        super().__init__()
        self.parts = nn.ModuleList(parts)
        self.size = sum(part.size for part in parts)
        self.own = all(part.own for part in parts)
        self.keeps = sum(part.keeps for part in parts)

    def rows(self, x: Tensor, order: int) -> tuple[Tensor, ...]:
        parts = [part.rows(x, order) for part in self._each()]
        return tuple(torch.cat(rows, -2) for rows in zip(*parts, strict=True))

    def edges(self, coef: Tensor, x: Tensor, order: int) -> tuple[Tensor, ...]:
        parts = self._each()
        shares = coef.split([part.size for part in parts], -1)
        every = [part.edges(own, x, order) for part, own in zip(parts, shares, strict=True)]
        return tuple(total(orders) for orders in zip(*every, strict=True))

    def looks_up(self, dim_out: int) -> bool:
        return any(part.looks_up(dim_out) for part in self._each())

    def sums(self, coef: Tensor, x: Tensor) -> Tensor:
        if not self.bags(len(coef)):
            return super().sums(coef, x)
        parts = self._each()
        shares = coef.split([part.size for part in parts], -1)
        return total([part.sums(own, x) for part, own in zip(parts, shares, strict=True)])

    def bags(self, dim_out: int) -> bool:
        return any(part.bags(dim_out) for part in self._each())

    def trained(self) -> tuple[Tensor, ...]:
        return tuple(one for part in self._each() for one in part.trained())

    def fill(self, x: Tensor, out: Tensor, *, keep: bool) -> tuple[Tensor, ...]:
        found, first = (), 0
        for part in self._each():
            found += part.fill(x, out.narrow(1, first, part.size), keep=keep)
            first += part.size
        return found

    def pull(
        self, x: Tensor, out: Tensor, kept: tuple[Tensor, ...], cotangent: Tensor
    ) -> tuple[Tensor, ...]:
        sums, found, first = [], (), 0
        for part in self._each():
            share = first, part.size
            own, back = out.narrow(1, *share), cotangent.narrow(1, *share)
            one, *more = part.pull(x, own, kept[: part.keeps], back)
            sums.append(one)
            found, kept, first = (*found, *more), kept[part.keeps :], first + part.size
        return total(sums), *found

    def _each(self) -> Iterable[Basis]:
        return cast(Iterable[Basis], self.parts)
