"""A PDE task from its equations: what a file in tasks/pde has to say, and nothing more.

Points fill the domain, and a quarter as many the places where conditions hold, the same number
each. A variable named `t` is time: conditions on it are initial ones. See `loss` for what is
minimised.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import sympy
import torch
from torch import Generator

from kansci.ansatz import Ansatz, columns
from kansci.beside import Beside, Measure
from kansci.equations import Condition, Statement, unmet
from kansci.formulas import read
from kansci.pde.loss import Formulas, Observed, ResidualLoss, Weights
from kansci.pde.region import Box, Draw, Region
from kansci.residuals import Residual
from kansci.sampling import companion, sobol, uniform
from kansci.task import Batch, Coefficient, Interval, Predict, Probe, Stage, Task

Texts = str | Sequence[str]
TIME = "t"
EQUAL = Weights()


class Data(NamedTuple):
    """Values of the truth that are known, at points drawn once for each member."""

    unknowns: tuple[str, ...]
    points: int = 200


def pde(
    *,
    name: str,
    version: int,
    variables: dict[str, Interval],
    unknowns: Sequence[str],
    equations: Sequence[str],
    conditions: Sequence[Condition],
    truth: Texts | Predict,
    source: str,
    weights: Weights = EQUAL,
    coefficients: Sequence[Coefficient] = (),
    data: Data | None = None,
    cut: dict[str, Interval] | None = None,
    ansatz: tuple[Texts, Texts] | None = None,
    boundary: str = "soft",
    noise: float = 0.0,
    points: int = 1_024,
    grid: Sequence[int] = (201, 201),
    about: str = "",
) -> Task:
    """A PDE task.

    Args:
        variables: interval of each input, in order.
        truth: a formula (or one for each unknown), or a function `(point, in)` to `(point, out)`.
        coefficients: numbers in the equations that are to be found.
        cut: a box that is cut out of the domain.
        ansatz: lift and multiplier, formulas (or one for each unknown) for boundary "hard".
        boundary: "soft", where the loss holds all conditions; "hard", where the ansatz does.
        noise: of the data, in standard deviations of what they are of.
        points: inside the domain; a quarter as many lie where conditions hold.
        grid: points of the test probe along each variable.

    Raises:
        ValueError: for a formula that does not parse or names nothing known, for a condition
            outside the domain, and for a boundary or a noise that there is not.
    """
    given: dict[str, Any] = dict(locals())
    _check_options(boundary, noise)
    names, unknowns = tuple(variables), tuple(unknowns)
    hole = tuple(cut[name] for name in names) if cut else None
    region = Region(names, tuple(variables.values()), hole)
    statement = Statement(
        variables=names,
        unknowns=unknowns,
        equations=tuple(read(equation) for equation in equations),
        conditions=tuple(conditions),
        truth=None if callable(truth) else _read(truth),
        coefficients=tuple((one.name, one.truth) for one in coefficients),
    )
    if statement.truth is not None and len(statement.truth) != len(unknowns):
        raise ValueError(f"{name}: want a truth for each of {unknowns}, got {truth}")
    solution = truth if callable(truth) else columns(_read(truth), names)
    probe = Probe("domain", lambda: region.lattice(grid), solution)
    met = ansatz and Ansatz(names, _read(ansatz[0]), _read(ansatz[1]))
    hard = met if boundary == "hard" else None
    held = conditions if hard is None else unmet(statement, hard)
    residual = partial(Residual, variables=names, unknowns=unknowns, coefficients=coefficients)
    inside = tuple(residual(equation) for equation in statement.equations)
    places, outer = _outer(region, held, residual, weights)
    seen = tuple(unknowns.index(unknown) for unknown in data.unknowns) if data else ()

    def sample(draw: Draw, generator: Generator, points: int) -> Batch:
        """The inside `(point, in)`, then the points of each place, then those of data."""
        each = max(points // (4 * max(len(places), 1)), 1)
        batch = [region.draw(draw, generator, points)]
        batch += [draw(generator, _count(place, each), place) for place in places]
        return (*batch, *(observed(companion(generator, "data"), data.points) if data else ()))

    def observed(generator: Generator, count: int) -> Batch:
        x = region.draw(uniform, generator, count)
        y = solution(x)[:, seen]
        unit = probe.y[:, seen].std(0) if noise else 0.0
        return x, y + noise * unit * torch.randn(y.shape, generator=generator, dtype=y.dtype)

    loss = ResidualLoss(
        Formulas(0, inside, (weights.residual,) * len(inside)),
        outer,
        Observed(seen, weights.data) if data else None,
    )
    return Task(
        name=name,
        version=version,
        family="pde",
        domain=region.box,
        dim_out=len(unknowns),
        stages=(Stage(name, partial(sample, uniform), loss, points, partial(sample, sobol)),),
        probes=(probe,),
        source=source,
        metric="relative_l2",
        order=max(one.order for one in [*inside, *(r for group in outer for r in group.residuals)]),
        about=about or " = 0, ".join(map(str, statement.equations)) + " = 0",
        statement=statement,
        coefficients=tuple(coefficients),
        ansatz=hard,
        beside=tuple(_beside(statement, probe)),
        vary=_options(given, hard=ansatz is not None, noisy=data is not None),
    )


def _outer(
    region: Region,
    conditions: Sequence[Condition],
    residual: Callable[[sympy.Expr], Residual],
    weights: Weights,
) -> tuple[list[Box], list[Formulas]]:
    """The places of conditions, each once, and what is asked there."""
    initial = sum(one.variable == TIME for one in conditions)
    found: dict[tuple[Box, tuple[int, float] | None], list[Condition]] = defaultdict(list)
    for one in conditions:
        found[region.place(one), _shift(region, one)].append(one)
    groups = [
        Formulas(
            place=number,
            residuals=tuple(residual(one.formula) for one in group),
            weights=tuple(
                weights.initial / initial
                if one.variable == TIME
                else weights.boundary / (len(conditions) - initial)
                for one in group
            ),
            shift=shift,
        )
        for number, ((_, shift), group) in enumerate(found.items(), 1)
    ]
    return [place for place, _ in found], groups


def _shift(region: Region, condition: Condition) -> tuple[int, float] | None:
    """The axis and the way from a place to the other one of a periodic condition."""
    if condition.other is None:
        return None
    return region.variables.index(condition.variable), float(condition.other - condition.at)


def _count(place: Box, each: int) -> int:
    """A corner is one point."""
    return each if any(low < high for low, high in place) else 1


def _beside(statement: Statement, probe: Probe) -> list[Beside]:
    """The largest error; of several unknowns each; slopes, where nothing moves; coefficients."""
    apart = [Measure(unknown, output=i) for i, unknown in enumerate(statement.unknowns)]
    largest = Measure("max", "relative_max")
    values = (largest, *(apart if len(apart) > 1 else ()))
    found = [Beside("values", lambda: probe.x, lambda x: probe.y, values)]
    if statement.truth is not None and TIME not in statement.variables:
        symbols = [sympy.Symbol(name, real=True) for name in statement.variables]
        steep = tuple(u.diff(symbol) for symbol in symbols for u in statement.truth)
        true = columns(steep, statement.variables)
        found.append(Beside("slopes", lambda: probe.x, true, (Measure("h1"),)))
    if statement.coefficients:
        numbers, true = zip(*statement.coefficients, strict=True)
        each = tuple(Measure(number, output=i) for i, number in enumerate(numbers))
        exact = torch.tensor([true], dtype=torch.double)
        found.append(Beside("coefficients", lambda: probe.x[:1], lambda x: exact, each))
    return found


def _options(given: dict[str, Any], *, hard: bool, noisy: bool) -> Callable[..., Task] | None:
    def by_boundary(*, boundary: str = "soft") -> Task:
        changed: dict[str, Any] = given | {"boundary": boundary}
        return pde(**changed)

    def by_noise(*, noise: float = 0.0) -> Task:
        changed: dict[str, Any] = given | {"noise": noise}
        return pde(**changed)

    return by_boundary if hard else by_noise if noisy else None


def _check_options(boundary: str, noise: float) -> None:
    if boundary not in ("soft", "hard"):
        raise ValueError(f"want boundary soft or hard, got {boundary}")
    if not 0 <= noise < float("inf"):
        raise ValueError(f"want noise >= 0, got {noise}")


def _read(texts: Texts) -> tuple[sympy.Expr, ...]:
    return tuple(map(read, (texts,) if isinstance(texts, str) else texts))


def latex(statement: Statement) -> str:
    """The equations, as LaTeX."""
    return r" \\ ".join(sympy.latex(equation) + " = 0" for equation in statement.equations)
