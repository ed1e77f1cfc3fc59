"""Functions of several bases added one by one: a B-spline and a Gaussian as one bell."""

from collections.abc import Iterable
from typing import cast

import torch
from torch import Tensor, nn

from kansci.bases.basis import Basis, ClosedForm
from kansci.jets import total


class Summed(ClosedForm):
    """Each function is the sum of those of the same place in all parts.

    Raises:
        ValueError: for parts of different sizes.
    """

    def __init__(self, *parts: Basis) -> None:
        super().__init__()
        sizes = [part.size for part in parts]
        if len(set(sizes)) != 1:
            raise ValueError(f"want parts of one size, got {sizes=}")
        self.parts = nn.ModuleList(parts)
        self.size = sizes[0]
        self.own = all(part.own for part in parts)
        self.keeps = sum(1 + part.keeps for part in parts)

    def rows(self, x: Tensor, order: int) -> tuple[Tensor, ...]:
        parts = [part.rows(x, order) for part in self._each()]
        return tuple(total(orders) for orders in zip(*parts, strict=True))

    def trained(self) -> tuple[Tensor, ...]:
        return tuple(one for part in self._each() for one in part.trained())

    def fill(self, x: Tensor, out: Tensor, *, keep: bool) -> tuple[Tensor, ...]:
        found = ()
        for place, part in enumerate(self._each()):
            own = torch.empty_like(out)
            found += (own, *part.fill(x, own, keep=keep))
            if place:
                out.add_(own)
            else:
                out.copy_(own)
        return found

    def pull(
        self, x: Tensor, out: Tensor, kept: tuple[Tensor, ...], cotangent: Tensor
    ) -> tuple[Tensor, ...]:
        sums, found = [], ()
        for part in self._each():
            own, more, kept = kept[0], kept[1 : 1 + part.keeps], kept[1 + part.keeps :]
            one, *rest = part.pull(x, own, more, cotangent.clone())
            sums.append(one)
            found = (*found, *rest)
        return total(sums), *found

    def _each(self) -> Iterable[Basis]:
        return cast(Iterable[Basis], self.parts)
