"""How controls find their numbers, where gradient descent is not how.

A `Fitting` stands where a `Lesson` does for networks that are trained: one stage, learned by all
members, each from points of its own.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from kansci.errors import NotApplicable
from kansci.fitting.boosting import boosting
from kansci.fitting.least_squares import least_squares
from kansci.fitting.problem import Fit, Problem
from kansci.fitting.ridge import kernel_ridge
from kansci.lifting.ensemble import Ensemble
from kansci.losses import program_of
from kansci.models import Units
from kansci.preparing import draw
from kansci.recipe import Recipe
from kansci.record import Curve, Gear
from kansci.task import Stage
from kansci.way import Way

METHODS: dict[str, Fit] = {
    "least squares": least_squares,
    "kernel ridge": kernel_ridge,
    "boosting": boosting,
}


class Fitting:
    """One stage of all tasks, fitted member by member, in float64."""

    def __init__(
        self,
        ensemble: Ensemble,
        stages: Sequence[Stage],
        recipe: Recipe,
        sources: Sequence[torch.Generator],
        way: Way,
        method: str,
    ) -> None:
        if recipe.method not in ("naive", "joint"):
            raise NotApplicable(f"is fitted at once, and knows no method {recipe.method!r}")
        self.ensemble, self.stages, self.recipe = ensemble, stages, recipe
        self.gears: set[Gear] = {"eager"}
        self._watch, self._sources, self._fit = way.watch, sources, METHODS[method]
        self.drawn = draw(ensemble, stages, recipe, sources)
        self._losses = torch.empty(0)

    def run(self, *, refining: bool = True) -> Tensor:
        """The losses at the end, `(member,)`; there are no grids to refine.

        Raises:
            NotApplicable: for a loss that the method does not take.
        """
        ensemble, loss = self.ensemble, program_of(self.stages[0].loss)
        for index, member in enumerate(ensemble.members):
            batch = tuple(one[index].double().cpu() for one in self.drawn)
            network = ensemble.network(index).double()
            assert isinstance(network, Units)
            self._fit(network, Problem(loss, batch, member.rate, self._sources[index]))
            ensemble.put(index, network)
        self._watch.steps(self.recipe.evaluations)
        self._losses = ensemble.losses(loss, self.drawn)
        return self._losses

    def curve(self, place: int) -> Curve:
        """One point: there is nothing between start and end."""
        own = self._losses[self.ensemble.among(place)].double().cpu().tolist()
        losses = (tuple(own),) if own else ()
        return Curve(stage=self.stages[place].name, evaluations=(1,) * len(losses), losses=losses)
