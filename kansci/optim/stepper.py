"""What all optimizers share: one evaluation of all members a step, and no number read back.

Whatever changes from step to step is a tensor that stays where the weights are and is changed in
place; a step branches by `torch.where` alone. So a GPU is never waited for, and a step may be
recorded once and replayed.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Protocol, runtime_checkable

from torch import Tensor

from kansci.recipe import Optimizer


class Objective(Protocol):
    """Losses of all members at the weights as they stand; any function of this form is one."""

    def __call__(self) -> tuple[Tensor, Tensor]:
        """Gradients `(member, n)` and losses `(member,)`."""
        ...


@runtime_checkable
class SumOfSquares(Protocol):
    """An objective that is $|r|^2$ for each member, weights of the residuals included."""

    def __call__(self) -> tuple[Tensor, Tensor]:
        """Gradients `(member, n)` and losses `(member,)`."""
        ...

    def normal(self) -> tuple[Tensor, Tensor, Tensor]:
        r"""The normal equations of a loss $|r|^2$ with Jacobian $J = \partial r/\partial w$.

        Returns:
            $J^T J$, `(member, n, n)`; $J^T r$, `(member, n)`, which is **half** the gradient of the
            loss; and $|r|^2$, `(member,)`.
        """
        ...


class Stepper(ABC):
    """An optimizer of all members at once.

    Args:
        weights: `(member, n)`, changed in place.
        rates: of each member, `(member,)`; float64, whatever the weights are.
        recipe: how many steps there will be, and the options.
    """

    def __init__(self, weights: Tensor, rates: Tensor, recipe: Optimizer) -> None:
        self.weights = weights
        self.recipe = recipe

    @abstractmethod
    def step(self, objective: Objective) -> Tensor:
        """One evaluation of every member; losses `(member,)`."""

    @abstractmethod
    def finish(self) -> None:
        """To be called after the last step: the weights become the best that were accepted."""

    @abstractmethod
    def idle(self) -> bool:
        """Whether no member can move any more; reads the device, so ask seldom."""
