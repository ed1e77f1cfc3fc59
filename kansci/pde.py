r"""A PDE task from its equations: what a file in tasks/pde has to say, and nothing more.

Points are uniform inside the domain and on each edge that has a condition, a quarter as many on
all edges together; the loss is

$$w_r\,\mathrm{mean}(r^2) + w_c\,\frac1C \sum_{i=1}^C \mathrm{mean}(c_i^2)$$

for $C$ conditions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import sympy
import torch
from torch import Generator, Tensor

from kansci.equations import Condition, Statement
from kansci.formulas import function, read
from kansci.losses import MeanSquares, Part
from kansci.residuals import Residual
from kansci.sampling import uniform
from kansci.task import Batch, Interval, Predict, Probe, Stage, Task

Truth = Callable[[Tensor], Tensor]


def pde(
    *,
    name: str,
    version: int,
    variables: dict[str, Interval],
    unknowns: Sequence[str],
    equations: Sequence[str],
    conditions: Sequence[Condition],
    truth: str | Sequence[str] | Truth,
    source: str,
    weights: tuple[float, float] = (1.0, 1.0),
    points: int = 1_024,
    grid: Sequence[int] = (201, 201),
    about: str = "",
) -> Task:
    """A PDE task.

    Args:
        variables: interval of each input, in order.
        truth: a formula (or one for each unknown), or a function `(point, in)` to `(point, out)`.
        weights: of the squared residual and of the squared conditions.
        points: inside the domain; a quarter as many lie on the edges.
        grid: points of the test probe along each variable.

    Raises:
        ValueError: for a formula that does not parse or names nothing known, and for a
            condition outside the domain.
    """
    names = tuple(variables)
    unknowns = tuple(unknowns)
    domain = tuple(variables.values())
    texts = () if callable(truth) else (truth,) if isinstance(truth, str) else tuple(truth)
    formulas = tuple(map(read, texts))
    statement = Statement(
        variables=names,
        unknowns=unknowns,
        equations=tuple(read(equation) for equation in equations),
        conditions=tuple(conditions),
        truth=formulas or None,
    )
    solution = truth if callable(truth) else together([function(f, names) for f in formulas])
    residuals = [Residual(formula, names, unknowns) for formula in statement.equations]
    edges = [Residual(condition.formula, names, unknowns) for condition in conditions]
    places = [_place(condition, variables) for condition in conditions]

    def sample(generator: Generator, points: int) -> Batch:
        """The inside `(point, in)`, then the points of each condition."""
        inside = uniform(generator, points, domain)
        each = max(points // (4 * max(len(places), 1)), 1)
        batch = [inside]
        for axis, value in places:
            edge = uniform(generator, each, domain)
            edge[:, axis] = value
            batch.append(edge)
        return tuple(batch)

    loss = ResidualLoss(residuals, edges, weights)
    x = lattice(domain, grid)
    return Task(
        name=name,
        version=version,
        family="pde",
        domain=domain,
        dim_out=len(unknowns),
        stages=(Stage(name, sample, loss, points),),
        probes=(Probe("domain", x, solution(x)),),
        source=source,
        metric="relative_l2",
        order=max(residual.order for residual in [*residuals, *edges]),
        about=about or " = 0, ".join(map(str, statement.equations)) + " = 0",
        statement=statement,
    )


class ResidualLoss(MeanSquares):
    """Squared residuals of the equations and of the conditions, for batches of `sample`.

    Conditions that take no derivative are asked in one call of the network, which a sum over
    `parts` would not do; the value is the same.
    """

    def __init__(
        self,
        residuals: Sequence[Residual],
        edges: Sequence[Residual],
        weights: tuple[float, float],
    ) -> None:
        self._weights = weights
        self._residuals = tuple(residuals)
        self._edges = tuple(edges)
        inner = (Part(residual, (0,), weights[0]) for residual in residuals)
        outer = (
            Part(edge, (place,), weights[1] / len(edges)) for place, edge in enumerate(edges, 1)
        )
        super().__init__(*inner, *outer)

    def __call__(self, predict: Predict, *batch: Tensor) -> Tensor:
        inside, *borders = batch
        total = inside.new_zeros(())
        for residual in self._residuals:
            total = total + self._weights[0] * residual(predict, inside).square().mean()
        answers = self._answers(predict, borders)
        for edge, border, answer in zip(self._edges, borders, answers, strict=True):
            share = self._weights[1] / len(self._edges)
            total = total + share * edge(answer, border).square().mean()
        return total

    def _answers(self, predict: Predict, borders: Sequence[Tensor]) -> list[Predict]:
        """What each condition asks: the network, or its values where those are all it takes."""
        edges = list(zip(self._edges, borders, strict=True))
        plain = [border for edge, border in edges if edge.order == 0]
        if not plain:
            return [predict] * len(edges)
        known = iter(predict(torch.cat(plain)).split([border.shape[0] for border in plain]))
        return [_already(next(known)) if edge.order == 0 else predict for edge, _ in edges]


def _place(condition: Condition, variables: dict[str, Interval]) -> tuple[int, float]:
    low, high = variables.get(condition.variable, (0.0, -1.0))
    at = float(condition.at)
    if not low <= at <= high:
        place = f"{condition.variable} = {condition.at}"
        raise ValueError(f"want a condition on an edge or inside of {variables}, got {place!r}")
    return list(variables).index(condition.variable), at


def _already(value: Tensor) -> Predict:
    return lambda x: value


def lattice(domain: Sequence[Interval], grid: Sequence[int]) -> Tensor:
    """An even grid with both ends, `(point, in)`, float64."""
    axes = [
        torch.linspace(low, high, steps, dtype=torch.double)
        for (low, high), steps in zip(domain, grid, strict=True)
    ]
    return torch.stack(torch.meshgrid(*axes, indexing="ij"), -1).flatten(0, -2)


def together(functions: Sequence[Truth]) -> Truth:
    """Several outputs side by side."""
    return lambda x: torch.cat([one(x) for one in functions], -1)


def latex(statement: Statement) -> str:
    """The equations, as LaTeX."""
    return r" \\ ".join(sympy.latex(equation) + " = 0" for equation in statement.equations)
