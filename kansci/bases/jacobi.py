r"""Jacobi polynomials of a squashed input, and Legendre's among them.

Source: SpaceLearner 2024, JacobiKAN, https://github.com/SpaceLearner/JacobiKAN; Bhattacharjee
2024, torchkan (KALnet: Legendre), https://github.com/1ssb/torchkan; DLMF 18.9.
We differ: no normalisation between or behind layers, any dtype, nothing written in place.
"""

from kansci.bases.recurrence import Recurrence


class Jacobi(Recurrence):
    r"""$P_0^{(a,b)}, \dots, P_D^{(a,b)}$ of $\tanh x$, orthogonal under $(1-z)^a (1+z)^b$.

    With $s = 2n + a + b$ the recurrence has

    $$A_n = \frac{(s+1)(s+2)}{2(n+1)(n+a+b+1)},\quad
      B_n = \frac{(a^2-b^2)(s+1)}{2(n+1)(n+a+b+1)\,s},\quad
      C_n = \frac{(n+a)(n+b)(s+2)}{(n+1)(n+a+b+1)\,s}.$$

    Args:
        degree: the highest, $D \ge 1$.
        a, b: above -1; 0 and 0 are Legendre's polynomials.

    Raises:
        ValueError: for a degree below 1 or another weight.
    """

    def __init__(self, dim_in: int, *, degree: int = 3, a: float = 1, b: float = 1) -> None:
        super().__init__(degree)
        if not (a > -1 and b > -1):
            raise ValueError(f"want a > -1 and b > -1, got {a=}, {b=}")
        self.a, self.b = a, b

    def factors(self, n: int) -> tuple[float, float, float]:
        a, b = self.a, self.b
        if n == 0:
            return (a + b + 2) / 2, (a - b) / 2, 0
        s, scale = 2 * n + a + b, (n + 1) * (n + a + b + 1)
        lift = (s + 1) * (s + 2) / (2 * scale)
        shift = (a**2 - b**2) * (s + 1) / (2 * scale * s)
        return lift, shift, (n + a) * (n + b) * (s + 2) / (scale * s)


class Legendre(Jacobi):
    r"""$P_0, \dots, P_D$ of $\tanh x$: $(n+1)P_{n+1}(z) = (2n+1)\,z\,P_n(z) - n\,P_{n-1}(z)$."""

    def __init__(self, dim_in: int, *, degree: int = 3) -> None:
        super().__init__(dim_in, degree=degree, a=0, b=0)
