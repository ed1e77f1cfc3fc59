"""Grids of splines and hats: where a finer grid divides each cell, the function is the same."""

from __future__ import annotations

from copy import deepcopy

import torch
from torch import Tensor, nn

from kansci.bases import Basis, BSpline, Gaussian, Hat, KnotSpline, Summed
from kansci.models.free_knots import LEAST, FreeKnots
from kansci.models.grids.grid import Grid, along, even, grid_of_a

NARROW = 1e-3  # of an even cell, at least, beyond what free knots are held apart by


@grid_of_a(BSpline)
class _Uniform(Grid):
    """On knots of any distance they are `KnotSpline`s, a row of knots for each input."""

    basis: BSpline

    def knots(self) -> Tensor:
        return even(self.basis.low, self.basis.step, self.basis.size - self.basis.degree)

    def finer(self, cells: int) -> BSpline:
        return self.on(self.knots(), cells)

    def moved(self, knots: Tensor) -> Basis:
        return KnotSpline(len(knots), knots=knots, degree=self.basis.degree)

    def on(self, knots: Tensor, cells: int) -> BSpline:
        """Even cells from the least knot to the greatest."""
        return BSpline(1, grid=cells, degree=self.basis.degree, domain=_span(knots))


@grid_of_a(KnotSpline)
class _Knots(Grid):
    basis: KnotSpline

    def knots(self) -> Tensor:
        return self.basis.knots

    def finer(self, cells: int) -> KnotSpline:
        return self.moved(along(self.basis.knots, cells))

    def moved(self, knots: Tensor) -> KnotSpline:
        return KnotSpline(len(knots), knots=knots, degree=self.basis.degree)


@grid_of_a(FreeKnots)
class _Free(Grid):
    """Trained knots are put in their places; groups of inputs share a row still."""

    basis: FreeKnots

    def knots(self) -> Tensor:
        degree = self.basis.degree
        knots = self.basis.knots().detach().double()[:, degree:-degree]
        return knots[self.basis.group]

    def finer(self, cells: int) -> FreeKnots:
        degree = self.basis.degree
        knots = self.basis.knots().detach().double()[:, degree:-degree]
        return self._on(along(knots, cells), self.basis.domain)

    def moved(self, knots: Tensor) -> FreeKnots:
        low, high = _span(knots)
        groups = [knots[self.basis.group == group] for group in range(len(self.basis.steps))]
        # A group has no inputs left where they were pruned.
        rows = torch.stack([own.mean(0) if len(own) else knots.mean(0) for own in groups])
        rows[:, 0], rows[:, -1] = low, high
        return self._on(rows, (low, high))

    def _on(self, knots: Tensor, domain: tuple[float, float]) -> FreeKnots:
        """A row of knots for each group."""
        cells = knots.shape[-1] - 1
        share = knots.diff(dim=-1) / (domain[1] - domain[0])
        free = ((share - LEAST / cells) / (1 - LEAST)).clamp_min(NARROW / cells)
        new = deepcopy(self.basis)
        new.steps = nn.Parameter(torch.log(free), requires_grad=new.steps.requires_grad)
        new.domain, new.size = domain, cells + new.degree
        return new


@grid_of_a(Hat)
class _Hats(Grid):
    """Even cells from the least value to the greatest; they are fitted by values on knots."""

    basis: Hat

    def knots(self) -> Tensor:
        return even(self.basis.low, self.basis.step, self.basis.grid)

    def finer(self, cells: int) -> Hat:
        return type(self.basis)(1, grid=cells, domain=_span(self.knots()))

    def moved(self, knots: Tensor) -> Hat:
        return type(self.basis)(1, grid=self.basis.grid, domain=_span(knots))

    def design(self, x: Tensor) -> Tensor:
        hats = Hat(1, grid=self.basis.grid, domain=_span(self.knots()))
        return hats.double().rows(x, 0)[0]

    def coefficients(self, solved: Tensor) -> Tensor:
        return self.basis.by_points(solved)


@grid_of_a(Summed)
class _Sum(Grid):
    """Even cells from the least value to the greatest; Gaussians follow to the splines' centres.

    Raises:
        ValueError: for another sum than of B-splines and Gaussians.
    """

    basis: Summed

    def knots(self) -> Tensor:
        return self._splines().knots()

    def finer(self, cells: int) -> Summed:
        return _with_bells(self._splines().finer(cells))

    def moved(self, knots: Tensor) -> Summed:
        return _with_bells(self._splines().on(knots, self.cells()))

    def _splines(self) -> _Uniform:
        kinds = [type(part) for part in self.basis.parts]
        if kinds != [BSpline, Gaussian]:
            got = ", ".join(kind.__name__ for kind in kinds)
            raise ValueError(f"want a sum of BSpline and Gaussian, in this order, got {got}")
        return _Uniform(self.basis.parts[0])


def _with_bells(splines: BSpline) -> Summed:
    first = splines.low + splines.step * (1 - splines.degree) / 2
    last = first + splines.step * (splines.size - 1)
    return Summed(splines, Gaussian(1, size=splines.size, domain=(first, last)))


def _span(knots: Tensor) -> tuple[float, float]:
    return float(knots.min()), float(knots.max())
