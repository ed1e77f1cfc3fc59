"""Grids of bells: finer ones are narrower, so that functions are kept as well as they can be."""

from __future__ import annotations

from copy import deepcopy

import torch
from torch import Tensor, nn

from kansci.bases import Gaussian, ReflectionalSwitch, ReluBell
from kansci.models.grids.grid import Grid, even, grid_of_a

NARROW = 0.1  # of the width of an even bell, at least


class _Centres(Grid):
    """Cells lie between centres; on data, these are even from the least value to the greatest."""

    basis: Gaussian | ReflectionalSwitch

    def knots(self) -> Tensor:
        return even(self.basis.low, self.basis.step, self.basis.size - 1)

    def finer(self, cells: int) -> Gaussian | ReflectionalSwitch:
        return self._on(self.knots(), cells)

    def moved(self, knots: Tensor) -> Gaussian | ReflectionalSwitch:
        return self._on(knots, self.basis.size - 1)

    def _on(self, knots: Tensor, cells: int) -> Gaussian | ReflectionalSwitch:
        domain = float(knots.min()), float(knots.max())
        return type(self.basis)(1, size=cells + 1, domain=domain)


grid_of_a(Gaussian)(_Centres)
grid_of_a(ReflectionalSwitch)(_Centres)


@grid_of_a(ReluBell)
class _Ends(Grid):
    """A knot is where a bell starts that begins within the domain, as far as training moved it.

    On data, bells start and end at knots, those of each input at its own.
    """

    basis: ReluBell

    def knots(self) -> Tensor:
        basis = self.basis
        last = basis.end.detach()[:, basis.size - basis.order - 1].unsqueeze(-1)
        return torch.cat([basis.start.detach()[:, basis.order :], last], -1).sort(-1).values

    def finer(self, cells: int) -> ReluBell:
        order, old = self.basis.order, self.basis.size - self.basis.order
        place = (torch.arange(-order, cells) * old).double() / cells  # in old cells
        starts = _read(self.basis.start.detach(), place + order)
        ends = _read(self.basis.end.detach(), place + (order + 1) * old / cells - 1)
        return self._on(starts, ends)

    def moved(self, knots: Tensor) -> ReluBell:
        order, cells = self.basis.order, knots.shape[-1] - 1
        low, high = knots[:, :1], knots[:, -1:]
        beyond = torch.arange(1, order + 1) * ((high - low) / cells)
        every = torch.cat([low - beyond.flip(-1), knots, high + beyond], -1)
        return self._on(every[:, : cells + order], every[:, order + 1 :])

    def _on(self, starts: Tensor, ends: Tensor) -> ReluBell:
        new = deepcopy(self.basis)
        even_width = (ends - starts).mean(-1, keepdim=True)
        ends = torch.maximum(ends, starts + NARROW * even_width.abs())
        new.size = starts.shape[-1]
        new.start = nn.Parameter(starts, requires_grad=new.start.requires_grad)
        new.end = nn.Parameter(ends, requires_grad=new.end.requires_grad)
        return new


def _read(rows: Tensor, place: Tensor) -> Tensor:
    """Rows `(in, size)` at places between their numbers, on the straight lines; beyond, too."""
    if rows.shape[-1] == 1:
        return rows.expand(-1, len(place)).clone()
    left = place.floor().long().clamp(0, rows.shape[-1] - 2)
    share = (place - left).to(rows)
    return rows[:, left] + share * (rows[:, left + 1] - rows[:, left])
