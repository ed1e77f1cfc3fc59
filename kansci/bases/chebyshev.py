r"""Chebyshev polynomials of a squashed input.

Source: SynodicMonth 2024, ChebyKAN, https://github.com/SynodicMonth/ChebyKAN.
We differ: the polynomials come from their recurrence; the authors' $\cos(d\arccos\tanh x)$ has
a gradient of NaN once tanh saturates.
"""

from kansci.bases.recurrence import Recurrence


class Chebyshev(Recurrence):
    r"""$T_0, \dots, T_D$ of $\tanh x$, where $T_{d+1}(z) = 2 z\,T_d(z) - T_{d-1}(z)$."""

    def __init__(self, dim_in: int, *, degree: int = 4) -> None:
        super().__init__(degree)

    def factors(self, n: int) -> tuple[float, float, float]:
        return (2 if n else 1), 0, 1
