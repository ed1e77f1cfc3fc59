r"""Chebyshev polynomials of a squashed input.

Source: SynodicMonth 2024, ChebyKAN, https://github.com/SynodicMonth/ChebyKAN.
We differ: the polynomials come from their recurrence; the authors' $\cos(d\arccos\tanh x)$ has
a gradient of NaN once tanh saturates.
"""

import torch
from torch import Tensor

from kansci.bases.basis import ClosedForm


class Chebyshev(ClosedForm):
    r"""$T_0, \dots, T_D$ of $\tanh x$, where $T_{d+1}(z) = 2 z\,T_d(z) - T_{d-1}(z)$.

    Global functions: a change anywhere is felt everywhere.

    Args:
        degree: the highest, $D \ge 1$.

    Raises:
        ValueError: for a degree below 1.
    """

    def __init__(self, dim_in: int, *, degree: int = 4) -> None:
        super().__init__()
        if degree < 1:
            raise ValueError(f"want degree >= 1, got {degree=}")
        self.degree = degree
        self.size = degree + 1

    def rows(self, x: Tensor, order: int) -> tuple[Tensor, ...]:
        z = torch.tanh(x)
        zero, one = torch.zeros_like(z), torch.ones_like(z)
        f, df, ddf = [one, z], [zero, one], [zero, zero]  # in z, by degree
        for _ in range(self.degree - 1):
            if order > 1:
                ddf.append(2 * z * ddf[-1] + 4 * df[-1] - ddf[-2])
            if order > 0:
                df.append(2 * z * df[-1] + 2 * f[-1] - df[-2])
            f.append(2 * z * f[-1] - f[-2])
        value = torch.stack(f, -2)  # (in, size, point)
        if order == 0:
            return (value,)
        slope = (1 - z.square()).unsqueeze(-2)  # of z in x
        first = torch.stack(df, -2)
        if order == 1:
            return value, first * slope
        bend = torch.stack(ddf, -2) * slope - 2 * z.unsqueeze(-2) * first
        return value, first * slope, bend * slope
