"""Conditions that hold whatever the network is, as its outputs are lifted and multiplied.

Source: Lagaris et al. 1998, "Artificial neural networks for solving ordinary and partial
differential equations", IEEE Trans. Neural Networks 9.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import sympy
import torch
from torch import Tensor

from kansci.formulas import function
from kansci.jets import Jet, nested


@dataclass(frozen=True)
class Ansatz:
    """The answer is `lift + multiplier * network`, for each unknown.

    Attributes:
        lift: formulas of the variables that meet the conditions.
        multiplier: formulas that vanish where the conditions hold.

    Shape:
        x: points `(*, in)`, in the task's units.
        u: outputs of the network there, `(*, out)`; the answer has their shape.
    """

    variables: tuple[str, ...]
    lift: tuple[sympy.Expr, ...]
    multiplier: tuple[sympy.Expr, ...]

    def __call__(self, x: Tensor, u: Tensor) -> Tensor:
        lift, multiplier = self._functions
        return lift(x) + multiplier(x) * u

    def jet(self, x: Jet, u: Jet) -> Jet:
        """The same for points and outputs that come with their derivatives."""
        lift, multiplier = (nested(one, x) for one in self._functions)
        return multiplier.times(u).plus(lift)

    def words(self, x: Sequence[sympy.Expr], u: Sequence[sympy.Expr]) -> Iterator[sympy.Expr]:
        """The same for expressions."""
        names = [sympy.Symbol(name, real=True) for name in self.variables]
        put: dict[Any, Any] = dict(zip(names, x, strict=True))
        for lift, multiplier, one in zip(self.lift, self.multiplier, u, strict=True):
            yield lift.xreplace(put) + multiplier.xreplace(put) * one

    @property
    def _functions(self) -> tuple[Callable[[Tensor], Tensor], ...]:
        return tuple(columns(one, self.variables) for one in (self.lift, self.multiplier))


@cache  # so that an ansatz need not hold what is compiled from formulas, which cannot be pickled
def columns(
    formulas: tuple[sympy.Expr, ...], variables: tuple[str, ...]
) -> Callable[[Tensor], Tensor]:
    """Formulas of the inputs as one function, `(*, in)` to `(*, out)`, a column for each."""
    each = [_column(formula, variables) for formula in formulas]
    return lambda x: torch.cat([one(x) for one in each], -1)


def _column(formula: sympy.Expr, variables: tuple[str, ...]) -> Callable[[Tensor], Tensor]:
    if formula.free_symbols:
        return function(formula, variables)
    number = float(formula)  # and no tensor of it: the compiled gear takes no constants
    return lambda x: 0 * x[..., :1] + number
