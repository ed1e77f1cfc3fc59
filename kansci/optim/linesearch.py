"""A line search for the strong Wolfe conditions, one for each member, all a trial at a time.

Source: Nocedal and Wright 2006, "Numerical Optimization", algorithms 3.5 and 3.6 and eq. 3.59,
with the safeguards of torch.optim.LBFGS (after minFunc, Schmidt 2005).
We differ: bracketing and zoom are one rule. While nothing is bracketed, the far end is infinity,
and the low end is the best trial so far; so a trial is always judged alike. A loss that is not
finite is an infinite one, and the next step is a tenth of the way towards it.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

DECREASE = 1e-4  # c1: of the decrease that the slope promises, a trial must give so much
CURVATURE = 0.9  # c2: what may be left of the slope
TRIALS = 25  # of one search, as in torch.optim.LBFGS


class Verdict(NamedTuple):
    """What became of a trial, each `(member,)`.

    Attributes:
        better: the lowest of its search so far, with sufficient decrease.
        accepted: better, and flat enough: the search is over.
        failed: the search is over without such a point; `low` may hold a better one still.
    """

    better: Tensor
    accepted: Tensor
    failed: Tensor


class WolfeSearch:
    r"""Looks for a step $t$ along a direction $d$ from $w$, with $\phi(t) = f(w + t d)$, such that

    $$\phi(t) \le \phi(0) + c_1 t\,\phi'(0) \quad\text{and}\quad |\phi'(t)| \le c_2 |\phi'(0)|.$$

    A new search has its first trial at step 0 from an infinite loss, which any finite loss
    passes; so the weights that an optimizer finds are judged as a trial is.

    Attributes:
        step: the trial that is to be evaluated next, `(member,)`.
        start: loss and slope where the search began, `(2, member)`.
        low: step, loss and slope of the best trial so far, `(3, member)`; step 0 where none is.
        high: the other end, `(3, member)`; its step is infinite until a minimum is bracketed.
    """

    def __init__(self, members: int, device: torch.device) -> None:
        empty = torch.zeros(3, members, dtype=torch.double, device=device)
        self.step = empty[0].clone()
        self.start = torch.stack((empty[1] + math.inf, empty[2] - 1))
        self.low = torch.cat((empty[:1], self.start))
        self.high = empty + math.inf
        self._trials = empty[0].clone()
        self._cramped = empty[0].bool()

    def judge(self, loss: Tensor, slope: Tensor, active: Tensor, resolution: Tensor) -> Verdict:
        """The verdict on the trial at `step`; what goes on has its next `step` then.

        Args:
            loss: at the trial, infinite where it is not finite, `(member,)`.
            slope: of the loss along the direction there, `(member,)`.
            active: members that are searching; the others keep what they have.
            resolution: steps closer than that cannot be told apart, `(member,)`.
        """
        trial = torch.stack((self.step, loss, slope))  # (3, member)
        enough = self.start[0] + DECREASE * self.step * self.start[1]
        better = active & (loss <= enough) & (loss < self.low[1])
        accepted = better & (slope.abs() <= -CURVATURE * self.start[1])
        previous = self.low.clone()
        passed = slope * (self.high[0] - previous[0]) >= 0  # the minimum lies behind this trial
        self.high.copy_(torch.where(better, torch.where(passed, previous, self.high), trial))
        self.low.copy_(torch.where(better, trial, previous))
        self._trials += 1
        step, narrow = self._next(previous)
        self.step.copy_(step)
        failed = active & ~accepted & ((self._trials >= TRIALS) | (narrow < resolution))
        return Verdict(better, accepted, failed)

    def begin(self, where: Tensor, loss: Tensor, slope: Tensor, step: Tensor) -> None:
        """New searches from `loss` and `slope` with a first trial at `step`, each `(member,)`."""
        origin = torch.stack((torch.zeros_like(loss), loss, slope))
        torch.where(where, origin[1:], self.start, out=self.start)
        torch.where(where, origin, self.low, out=self.low)
        self.high.masked_fill_(where, math.inf)
        torch.where(where, step, self.step, out=self.step)
        self._trials.masked_fill_(where, 0)
        self._cramped.logical_and_(~where)

    def _next(self, previous: Tensor) -> tuple[Tensor, Tensor]:
        """The next trial and the width of the bracket, each `(member,)`."""
        bracketed = self.high[0].isfinite()
        other = torch.where(bracketed, self.high, previous)
        step = cubic(self.low, other)
        width = (other[0] - self.low[0]).abs()
        ahead = torch.clamp(step, self.low[0] + 0.01 * width, 10 * self.low[0])
        ahead = torch.where(step.isfinite(), ahead, (11 * self.low[0] + 0.01 * width) / 2)
        inside = self._inside(step, other, bracketed)
        return (
            torch.where(bracketed, inside, ahead),
            torch.where(bracketed, width, math.inf),
        )

    def _inside(self, step: Tensor, other: Tensor, bracketed: Tensor) -> Tensor:
        """`step`, where it is not too near an end of the bracket too often."""
        reach = other[0] - self.low[0]
        share = (step - self.low[0]) / reach  # 0 at the low end, 1 at the other
        share = torch.where(share.isfinite(), share.clamp(0, 1), 0.5)
        near = (share < 0.1) | (share > 0.9)
        # Once near an end may be right; twice, or at the end itself, a tenth away from it.
        push = near & (self._cramped | (share <= 0) | (share >= 1))
        torch.logical_and(near, ~push, out=self._cramped)
        self._cramped.logical_and_(bracketed)
        share = torch.where(push, share.clamp(0.1, 0.9), share)
        return self.low[0] + reach * torch.where(other[1].isfinite(), share, 0.1)


def cubic(one: Tensor, other: Tensor) -> Tensor:
    r"""Where the cubic through two points and their slopes is lowest, `(member,)`.

    $$d_1 = \phi'_1 + \phi'_2 - 3\frac{\phi_1-\phi_2}{t_1-t_2},\quad
      d_2 = \pm\sqrt{d_1^2 - \phi'_1\phi'_2},\quad
      t = t_2 - (t_2-t_1)\frac{\phi'_2 + d_2 - d_1}{\phi'_2 - \phi'_1 + 2 d_2}$$

    with the sign of $t_2 - t_1$; NaN where the cubic has no minimum.

    Args:
        one: step, loss and slope, `(3, member)`.
        other: the same of the other point.
    """
    (t1, f1, g1), (t2, f2, g2) = one.unbind(), other.unbind()
    reach = t2 - t1
    d1 = g1 + g2 - 3 * (f2 - f1) / reach
    d2 = (d1.square() - g1 * g2).sqrt().copysign(reach)
    return t2 - reach * (g2 + d2 - d1) / (g2 - g1 + 2 * d2)
