"""Symbolic regression by genetic programming: what a formula found in a network is up against.

Source: Burlacu, Kronberger and Kommenda 2020, "Operon C++", GECCO companion,
https://doi.org/10.1145/3377929.3398099, by its Python package pyoperon.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import sympy
from torch import Tensor

from kansci.errors import UserError
from kansci.formulas import read

SYMBOLS = "add,sub,mul,div,constant,variable,sin,cos,exp,log,sqrt,square,tanh"
DIGITS = 12  # of constants in a formula
EVALUATIONS = 500_000  # of candidate formulas, as SRBench allows
NOISE = 1e-6  # of values that a formula gives: Operon computes in single precision
MISSING = "want pyoperon, got none: pip install 'kansci[sr]'"


def operon(
    x: Tensor,
    y: Tensor,
    names: Sequence[str],
    *,
    evaluations: int = EVALUATIONS,
    noise: float = NOISE,
    seed: int = 0,
) -> sympy.Expr:
    r"""A formula of given points, by Operon; the same for the same seed, on one thread.

    Of the formulas on its front of error and length it takes that of the shortest description,

    .. math:: \frac{1}{2 \sigma^2} \sum_i (f(x_i) - y_i)^2 + L(f)

    with :math:`L(f)` the nats that tell the functions of :math:`f`, and its constants to the digits
    that the points bear out.

    Source: Bartlett, Desmond and Ferreira 2023, "Exhaustive Symbolic Regression",
    arXiv:2211.11461.
    We differ: its own :math:`\sigma` is 1, whatever the values are; points without noise that
    spread over less than that were then described best by a line or a constant.

    Args:
        names: of the inputs, in order.
        evaluations: of candidate formulas.
        noise: :math:`\sigma` over the standard deviation of `y`.

    Shape:
        x: `(point, in)`.
        y: `(point, 1)`.

    Raises:
        UserError: where pyoperon is not installed.
    """
    values = y.double().cpu().numpy().ravel()
    regressor = _regressor()(
        allowed_symbols=SYMBOLS,
        optimizer_iterations=10,  # of Levenberg-Marquardt on the constants of every candidate
        max_evaluations=evaluations,
        max_length=40,
        objectives=["r2", "length"],
        random_state=seed,
        n_threads=1,
        uncertainty=[noise * (float(values.std()) or 1.0)],
    )
    regressor.fit(x.double().cpu().numpy(), values)
    # Names of its own: those of a task may be words of a formula, such as `beta`.
    symbols = [sympy.Symbol(f"X{place}", real=True) for place in range(len(names))]
    text = regressor.get_model_string(regressor.model_, DIGITS, list(map(str, symbols)))
    own = [sympy.Symbol(name, real=True) for name in names]
    found = parsed(text).subs(dict(zip(symbols, own, strict=True)), simultaneous=True)
    assert isinstance(found, sympy.Expr)
    return found


def parsed(text: str) -> sympy.Expr:
    """A formula as Operon writes it, through the whitelist of `kansci.formulas`."""
    return read(text.replace("^", "**"))


def _regressor() -> Any:
    try:
        from pyoperon.sklearn import SymbolicRegressor  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise UserError(MISSING) from error
    return SymbolicRegressor


def release() -> str:
    """`pyoperon 0.6.2`: what stands in Records for the source of a model.

    Raises:
        UserError: where pyoperon is not installed.
    """
    try:
        return f"pyoperon {version('pyoperon')}"
    except PackageNotFoundError as error:
        raise UserError(MISSING) from error
