"""A regression task from its formula: what a file in tasks/feynman has to say, and nothing more.

Points are uniform in the ranges of the inputs; members, validation and test draw from streams of
their own, and errors are measured in standard deviations of the target over the ranges. Noise is
Gaussian and a share of that deviation. It is added to all that is learned from, validation
targets included, on which rates are chosen; the test targets are true.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import sympy
import torch
from torch import Generator, Tensor

from kansci.equations import Statement
from kansci.formulas import function, read
from kansci.losses import squared_error
from kansci.sampling import stream, uniform
from kansci.task import Batch, Interval, Predict, Probe, Scale, Split, Stage, Task

SIZES: dict[Split, int] = {"validation": 1_000, "test": 10_000}
MEASURED = 100_000  # points of which the target's scale is taken


def regression(
    *,
    name: str,
    version: int,
    ranges: Mapping[str, Interval],
    truth: str | sympy.Expr | Predict,
    source: str,
    about: str = "",
    cluster: str = "",
    noise: float = 0.0,
) -> Task:
    """Regression on a formula: 1 000 points to learn from, 1 000 to tune, 10 000 to be judged on.

    Args:
        ranges: interval of each input, in order.
        truth: a formula, or a function `(point, in)` to `(point, 1)`.
        noise: standard deviation of what is added to the targets, in those of the target itself.

    Raises:
        ValueError: for a formula that does not parse or names no input, and for a noise that is
            negative or not finite.
    """
    if not (math.isfinite(noise) and noise >= 0):
        raise ValueError(f"want noise >= 0, got {noise=}")
    variables, domain = tuple(ranges), tuple(ranges.values())
    formula = read(truth) if isinstance(truth, str) else truth
    exact = function(formula, variables) if isinstance(formula, sympy.Expr) else formula
    scale = Scale.of(lambda: exact(uniform(stream(f"{name}/scale"), MEASURED, domain)))

    def observed(x: Tensor, generator: Generator) -> Tensor:
        y = exact(x)
        if noise == 0:
            return y
        return y + noise * scale.std * torch.randn(y.shape, generator=generator, dtype=y.dtype)

    def sample(generator: Generator, points: int) -> Batch:
        x = uniform(generator, points, domain)
        return x, observed(x, generator)

    def points(split: Split) -> Callable[[], Tensor]:
        return lambda: uniform(stream(f"{name}/{split}"), SIZES[split], domain)

    def vary(*, noise: float = 0.0) -> Task:
        return regression(
            name=name,
            version=version,
            ranges=ranges,
            truth=truth,
            source=source,
            about=about,
            cluster=cluster,
            noise=noise,
        )

    return Task(
        name=name,
        version=version,
        family="feynman",
        domain=domain,
        dim_out=1,
        stages=(Stage("equation", sample, squared_error(scale), points=1_000),),
        probes=(
            Probe(
                "domain",
                points("validation"),
                lambda x: observed(x, stream(f"{name}/validation noise")),
                "validation",
            ),
            Probe("domain", points("test"), exact, "test"),
        ),
        source=source,
        scale=scale,
        about=about or str(truth),
        statement=_statement(variables, formula),
        cluster=cluster,
        vary=vary,
    )


def _statement(variables: tuple[str, ...], formula: sympy.Expr | Predict) -> Statement | None:
    if not isinstance(formula, sympy.Expr):
        return None
    unknown = next(name for name in ("y", "f", "value") if name not in variables)
    equation = sympy.Symbol(unknown, real=True) - formula
    return Statement(variables, (unknown,), (equation,), truth=(formula,))


def rows(table: Path) -> Iterator[dict[str, str]]:
    """Rows of a CSV file, by the names of its columns."""
    with table.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def intervals(text: str) -> dict[str, Interval]:
    """`a 0 1; theta 0 2*pi` as a table of intervals.

    Raises:
        ValueError: unless every piece is a name and two numbers.
    """
    pieces = [piece.split() for piece in text.split(";")]
    if any(len(piece) != 3 for piece in pieces):
        raise ValueError(f"want ranges such as 'a 0 1; theta 0 2*pi', got {text!r}")
    return {name: (float(read(low)), float(read(high))) for name, low, high in pieces}
