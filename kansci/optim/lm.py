"""Levenberg-Marquardt: damped least squares, with a damping for each member."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from kansci.optim.stepper import Objective, Stepper, SumOfSquares
from kansci.recipe import Optimizer

LARGEST = 2_000  # numbers of a network: their normal equations are solved in every step
DAMPING = 1e-3  # at the start, as a share of the diagonal
PROMISE = 1e-16  # a member whose next step promises a smaller share of its loss has converged
FLOOR = 1e-12  # of the damping's scale, as a share of its largest entry


class LevenbergMarquardt(Stepper):
    r"""Steps $h$ that solve $(J^T J + \lambda D)\,h = -J^T r$, for a loss $|r|^2$.

    $D$ is the largest diagonal of $J^T J$ so far, so that a weight's unit does not matter. The
    gain of a trial is the decrease of the loss beside what the linear model promised,

    $$\rho = \frac{|r(w)|^2 - |r(w+h)|^2}{h^T(\lambda D h - J^T r)},$$

    and a trial with $\rho > 0$ is accepted. Then $\lambda \leftarrow \lambda \max(1/3,
    1-(2\rho-1)^3)$ and $\nu \leftarrow 2$; else $\lambda \leftarrow \lambda\nu$ and $\nu
    \leftarrow 2\nu$, which a matrix without Cholesky factor and a loss that is not finite ask
    for as well. A member whose steps promise nothing any more is frozen. All is float64 but the
    weights.

    Source: Madsen, Nielsen and Tingleff 2004, "Methods for non-linear least squares problems",
    algorithm 3.16; the damping after Nielsen 1999, eq. 2.21; $D$ after Moré 1978, eq. 6.3.

    Raises:
        ValueError: if a network has more numbers than can be solved for in every step.
    """

    def __init__(self, weights: Tensor, rates: Tensor, recipe: Optimizer) -> None:
        super().__init__(weights, rates, recipe)
        members, numbers = weights.shape
        if numbers > LARGEST:
            wanted = f"lm wants networks of at most {LARGEST} numbers"
            raise ValueError(f"{wanted}, got {numbers}: use lbfgs, or a smaller budget")

        def zeros(*shape: int) -> Tensor:
            return torch.zeros(members, *shape, dtype=torch.double, device=weights.device)

        self._origin = weights.to(torch.double, copy=True)  # the weights that were accepted
        self._loss = zeros() + math.inf
        self._gram, self._gradient = zeros(numbers, numbers), zeros(numbers)
        self._scale, self._move = zeros(numbers), zeros(numbers)  # D and h
        self._promised = zeros() + 1  # the start is a trial that any finite loss passes
        self._damping, self._raise = zeros() + DAMPING, zeros() + 2  # lambda and nu
        self._frozen = zeros().bool()

    def step(self, objective: Objective) -> Tensor:
        """One trial of every member; losses of the weights accepted so far, `(member,)`.

        They never rise, and are NaN for a member that had no finite loss at its start.

        Raises:
            TypeError: if the objective has no `normal`.
        """
        if not isinstance(objective, SumOfSquares):
            got = type(objective).__name__
            raise TypeError(f"lm wants a sum of squares with normal(), got {got}: use lbfgs")
        gram, gradient, loss = (part.double() for part in objective.normal())
        self._judge(gram, gradient, loss)
        self._try()
        self.weights.copy_(self._origin + self._move)
        return torch.where(self._loss.isfinite(), self._loss, torch.nan)

    def finish(self) -> None:
        """The weights become those of the lowest loss."""
        self.weights.copy_(self._origin)

    def idle(self) -> bool:
        """Whether every member has converged or failed; reads the device."""
        return bool(self._frozen.all())

    def _judge(self, gram: Tensor, gradient: Tensor, loss: Tensor) -> None:
        """Accepts what lowers the loss, and sets the damping by how well that was foretold."""
        sound = loss.isfinite() & gradient.isfinite().all(1) & gram.isfinite().all(2).all(1)
        gain = (self._loss - loss) / self._promised
        better = ~self._frozen & sound & (gain > 0)
        self._frozen.logical_or_(~better & self._loss.isinf())  # no finite loss at the start
        row = better.unsqueeze(1)
        torch.where(row, self._origin + self._move, self._origin, out=self._origin)
        torch.where(row, gradient, self._gradient, out=self._gradient)
        torch.where(row.unsqueeze(2), gram, self._gram, out=self._gram)
        torch.where(better, loss, self._loss, out=self._loss)
        # A gain that is infinite is the start's, which says nothing of the damping.
        eased = (1 - (2 * gain - 1) ** 3).clamp(1 / 3, 2)
        eased = torch.where(gain.isfinite(), eased, 1.0)
        self._damping.mul_(torch.where(better, eased, self._raise)).clamp_(1e-15, 1e30)
        self._raise.mul_(2).clamp_(max=1e30).masked_fill_(better, 2)

    def _try(self) -> None:
        """The next step of every member; 0 where there is none, and where none is wanted."""
        diagonal = self._gram.diagonal(dim1=1, dim2=2)
        torch.maximum(self._scale, diagonal, out=self._scale)
        floor = (FLOOR * self._scale.amax(1, keepdim=True)).clamp(min=1e-30)
        damping = self._damping.unsqueeze(1) * torch.maximum(self._scale, floor)  # (member, n)
        damped = self._gram + torch.diag_embed(damping)
        factor, info = torch.linalg.cholesky_ex(damped)
        move = -torch.cholesky_solve(self._gradient.unsqueeze(2), factor).squeeze(2)
        promised = (move * (damping * move - self._gradient)).sum(1)
        solved = (info == 0) & promised.isfinite()
        self._frozen.logical_or_(solved & (promised <= PROMISE * self._loss))
        move = torch.where((solved & ~self._frozen).unsqueeze(1), move, 0.0)
        self._move.copy_(move)
        self._promised.copy_(torch.where(solved, promised, 1.0))
