"""L-BFGS, with a history and a line search for each member."""

from __future__ import annotations

import torch
from torch import Tensor

from kansci.optim.history import History
from kansci.optim.linesearch import WolfeSearch
from kansci.optim.stepper import Objective, Stepper
from kansci.recipe import HISTORY, Optimizer

GRADIENT = 1e-12  # a member whose gradient has no larger entry has converged
CHANGE = 1e-15  # so has one whose loss changed by less, as a share of it
CURVED = 2.2e-16  # a pair whose curvature is less, beside the slope, says nothing


class LBFGS(Stepper):
    r"""Quasi-Newton steps $w \leftarrow w + t d$ along $d = -H g$, with $t$ by strong Wolfe.

    A step of the optimizer is one trial of every member's own search, whatever the others do:
    some begin, some zoom in, some have stopped. The first trial of a search is $t = 1$, and
    $\min(1, 1/|g|_1)$ along the gradient itself, where there is no history; the learning rates
    say nothing here. Where a search fails, the history is dropped for a search along the
    gradient; where that fails too, or the member has converged, it is frozen. A trial with a
    loss or gradient that is not finite shortens the step; a member that starts so is frozen.

    All is float64 but the weights. The history takes `16 * member * history * n` bytes.

    Source: Liu and Nocedal 1989, "On the limited memory BFGS method", Mathematical Programming 45.
    """

    def __init__(self, weights: Tensor, rates: Tensor, recipe: Optimizer) -> None:
        super().__init__(weights, rates, recipe)
        members, numbers = weights.shape
        self._origin = weights.to(torch.double, copy=True)  # where the search began
        self._gradient = torch.zeros_like(self._origin)  # the gradient there
        self._best = torch.zeros_like(self._origin)  # the gradient at its best trial
        self._direction = torch.zeros_like(self._origin)
        self._search = WolfeSearch(members, weights.device)
        self._history = History(members, numbers, recipe.history or HISTORY, weights.device)
        self._frozen = torch.zeros(members, dtype=torch.bool, device=weights.device)

    def step(self, objective: Objective) -> Tensor:
        """One trial of every member; losses of the best accepted so far, `(member,)`.

        They never rise, and are NaN for a member that had no finite loss at its start.
        """
        gradient, loss = objective()
        gradient = gradient.double()
        sound = loss.isfinite() & gradient.abs().amax(1).isfinite()
        loss = torch.where(sound, loss.double(), torch.inf)
        slope = (gradient * self._direction).sum(1)
        active = ~self._frozen
        verdict = self._search.judge(loss, slope, active, self._resolution())
        torch.where(verdict.better.unsqueeze(1), gradient, self._best, out=self._best)
        self._turn(verdict.accepted, verdict.failed)
        self._go(self._search.step)
        reached = self._search.low[1]
        return torch.where(reached.isfinite(), reached, torch.nan)

    def finish(self) -> None:
        """The weights become those of the lowest loss that was accepted."""
        self._go(self._search.low[0])

    def idle(self) -> bool:
        """Whether every member has converged or failed; reads the device."""
        return bool(self._frozen.all())

    def _go(self, step: Tensor) -> None:
        self.weights.copy_(self._at(step))

    def _at(self, step: Tensor) -> Tensor:
        return torch.addcmul(self._origin, step.unsqueeze(1), self._direction)  # (member, n)

    def _resolution(self) -> Tensor:
        """The longest step that rounding of the weights would swallow, `(member,)`."""
        largest = torch.stack((self._origin, self._direction)).abs().amax(2)
        return torch.finfo(self.weights.dtype).eps * largest[0] / largest[1]

    def _turn(self, accepted: Tensor, failed: Tensor) -> None:
        """Where a search is over: move to its best point, and begin another, or freeze."""
        search, history = self._search, self._history
        low, loss, low_slope = search.low.unbind()
        moved = accepted | (failed & (low > 0))
        stuck = failed & ~moved
        reset = stuck & (history.count > 0)
        converged = self._best.abs().amax(1) <= GRADIENT
        converged |= search.start[0] - loss <= CHANGE * loss.abs()
        self._frozen.logical_or_((stuck & ~reset) | (moved & converged))
        s = low.unsqueeze(1) * self._direction
        keep = moved & (low * (low_slope - search.start[1]) > -CURVED * low * search.start[1])
        y = self._best - self._gradient
        torch.where(moved.unsqueeze(1), self._at(low), self._origin, out=self._origin)
        torch.where(moved.unsqueeze(1), self._best, self._gradient, out=self._gradient)
        history.forget(reset)
        newton = history.update(s, y, keep, self._gradient)
        self._head(newton, moved | reset, loss)

    def _head(self, newton: Tensor, where: Tensor, loss: Tensor) -> None:
        """Searches along `newton` begin there, or along the gradient, where that does not fall."""
        slope = (newton * self._gradient).sum(1)
        falls = slope < 0
        self._history.forget(where & ~falls)
        direction = torch.where(falls.unsqueeze(1), newton, -self._gradient)
        slope = torch.where(falls, slope, -self._gradient.square().sum(1))
        first = (1 / self._gradient.abs().sum(1)).clamp(max=1)
        first = torch.where(self._history.count > 0, 1.0, first)
        self._search.begin(where, loss, slope, torch.where(self._frozen, 0.0, first))
        self._search.step.masked_fill_(self._frozen, 0)
        torch.where(where.unsqueeze(1), direction, self._direction, out=self._direction)
