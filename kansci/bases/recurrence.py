"""Polynomials that follow from the two before, of a squashed input."""

from abc import abstractmethod
from functools import cache

import numpy as np
import torch
from torch import Tensor

from kansci.bases.basis import ClosedForm, check_degree
from kansci.jets import weighted


class Recurrence(ClosedForm):
    r"""$P_0, \dots, P_D$ of $z = \tanh x$, where $P_{n+1} = (A_n z + B_n)\,P_n - C_n\,P_{n-1}$.

    Derivatives follow from the recurrence differentiated. Global functions: a change anywhere is
    felt everywhere.

    Args:
        degree: the highest, $D \ge 1$.

    Raises:
        ValueError: for a degree below 1.
    """

    keeps = 1

    def __init__(self, degree: int) -> None:
        super().__init__()
        check_degree(degree)
        self.degree = degree
        self.size = degree + 1

    @abstractmethod
    def factors(self, n: int) -> tuple[float, float, float]:
        """$A_n, B_n, C_n$ that lead from degree `n` to the next; $C_0$ does not count."""

    def rows(self, x: Tensor, order: int) -> tuple[Tensor, ...]:
        z = torch.tanh(x)
        zero, one = torch.zeros_like(z), torch.ones_like(z)
        orders = [[one], [zero], [zero]][: order + 1]  # of derivatives in z, by degree
        for n in range(self.degree):
            a, b, c = self.factors(n)
            line = weighted(a, z) if b == 0 else a * z + b
            for k in reversed(range(order + 1)):  # a lower one is read before it goes on
                one = line * orders[k][-1]
                one = one if k == 0 else one + k * a * orders[k - 1][-1]
                orders[k].append(one if n == 0 else one - weighted(c, orders[k][-2]))
        return through_tanh(z, [torch.stack(rows, -2) for rows in orders])

    def fill(self, x: Tensor, out: Tensor, *, keep: bool) -> tuple[Tensor, ...]:
        one, z, *further = out.unbind(1)
        one.fill_(1)
        squashed = torch.tanh(x)
        a, b, _ = self.factors(0)
        torch.add(squashed.mul(a), b, out=z) if (a, b) != (1, 0) else z.copy_(squashed)
        lower, last = one, z
        for n, row in enumerate(further, 1):
            a, b, c = self.factors(n)
            line = squashed if b == 0 else squashed + b / a
            torch.mul(line, last, out=row)
            torch.sub(row.mul_(a), lower, alpha=c, out=row)
            lower, last = last, row
        return (squashed,)

    def pull(
        self, x: Tensor, out: Tensor, kept: tuple[Tensor, ...], cotangent: Tensor
    ) -> tuple[Tensor, ...]:
        rows = tuple(self.factors(n) for n in range(self.degree + 1))
        slopes = _slopes(rows, x.dtype, x.device)  # by lower polynomials
        by_squashed = (slopes @ cotangent).mul_(out).sum(1)
        return (by_squashed.mul_(1 - kept[0].square()),)


@cache
def _slopes(
    factors: tuple[tuple[float, float, float], ...], dtype: torch.dtype, device: torch.device
) -> Tensor:
    r"""$S_{mn}$ of $P_n' = \sum_m S_{mn} P_m$, from the recurrence differentiated.

    $z P_m$ is a sum of three polynomials, by the same recurrence.
    """
    size = len(factors)
    times = np.zeros((size, size))  # z P_m, by columns
    for m, (a, b, c) in enumerate(factors):
        if m + 1 < size:
            times[m + 1, m] = 1 / a
        times[m, m] = -b / a
        if m > 0:
            times[m - 1, m] = c / a
    slopes = np.zeros((size, size))
    for n, (a, b, c) in enumerate(factors[:-1]):
        slopes[:, n + 1] = a * (times @ slopes[:, n]) + b * slopes[:, n]
        slopes[n, n + 1] += a
        if n > 0:
            slopes[:, n + 1] -= c * slopes[:, n - 1]
    return torch.tensor(slopes, dtype=dtype, device=device)


def through_tanh(z: Tensor, orders: list[Tensor]) -> tuple[Tensor, ...]:
    """Derivatives in $x$ from those in $z = \\tanh x$, `(in, size, point)` each."""
    slope = (1 - z.square()).unsqueeze(-2)
    value, *rest = orders
    if not rest:
        return (value,)
    first = rest[0]
    if len(rest) == 1:
        return value, first * slope
    bend = rest[1] * slope - 2 * z.unsqueeze(-2) * first
    return value, first * slope, bend * slope
