r"""Published numbers beside our own, in one metric and with a label that says what it is.

An MSE is squared, an RMSE is in the target's units; divided by a scale they become NRMSE, or
relative L2 for PDEs. The scale is that of OUR target unless the table says otherwise: where a paper
gives no ranges, the conversion is an estimate of orders of magnitude and no comparison.
"""

from __future__ import annotations

import csv
import math
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from pydantic import BaseModel, PositiveFloat, TypeAdapter, ValidationError

from kansci.errors import UnknownName, UserError
from kansci.record import Record
from kansci.statistics.standing import failures

Printed = Literal["mse", "rmse", "nrmse", "relative_l2"]


class Result(BaseModel, frozen=True, extra="forbid"):
    """One printed number; `scale` is what an RMSE is divided by, if it is not our target's."""

    task: str
    network: str
    metric: Printed
    value: PositiveFloat
    scale: PositiveFloat | None = None

    def converted(self, scale: float) -> float:
        """In the metric of our task, whose scale is used where the paper's is not known."""
        if self.metric in ("nrmse", "relative_l2"):
            return self.value
        rmse = math.sqrt(self.value) if self.metric == "mse" else self.value
        return rmse / (self.scale or scale)


class Paper(BaseModel, frozen=True, extra="forbid"):
    """What was published, in which setting, and where ours differs from it."""

    title: str
    source: str
    setting: str
    differs: str
    results: tuple[Result, ...] = ()


class Beside(NamedTuple):
    """A published number and ours: the median over members with its range, of one budget.

    Attributes:
        published: in the metric of our task.
        estimated: whether our scale had to stand in for the paper's.
        ours: `None` where every member failed.
    """

    result: Result
    metric: str
    published: float
    estimated: bool
    budget: int
    ours: float | None
    low: float | None
    high: float | None


def list_papers(home: Path) -> list[str]:
    """Names of all papers below a folder."""
    return sorted(_table(home))


def get_paper(name: str, home: Path) -> Paper:
    """The paper of that name, with its numbers.

    Raises:
        UnknownName: says which names come close.
        UserError: if its table cannot be read.
    """
    papers = _table(home)
    if name not in papers:
        raise UnknownName("paper", name, papers)
    path = home / f"{name}.csv"
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = [{k: v for k, v in row.items() if v} for row in csv.DictReader(file)]
        results = TypeAdapter(tuple[Result, ...]).validate_python(rows)
    except (OSError, ValidationError) as error:
        said = " ".join(str(error).split())
        raise UserError(f"{path}: want task, network, metric, value, scale: {said}") from error
    return papers[name].model_copy(update={"results": results})


def _table(home: Path) -> dict[str, Paper]:
    path = home / "papers.toml"
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
        return TypeAdapter(dict[str, Paper]).validate_python(found)
    except (OSError, tomllib.TOMLDecodeError, ValidationError) as error:
        said = " ".join(str(error).split())
        raise UserError(f"{path}: want a table of papers: {said}") from error


def beside(paper: Paper, records: Iterable[Record]) -> list[Beside]:
    """Every published number with each Record of its task, in the order of the paper."""
    by_task: dict[str, list[Record]] = {}
    for record in sorted(records, key=lambda record: record.budget):
        by_task.setdefault(record.name, []).append(record)
    return [
        _beside(result, record)
        for result in paper.results
        for record in by_task.get(result.task, ())
    ]


def _beside(result: Result, record: Record) -> Beside:
    ours = low = high = None
    ok = ~failures(record)
    if record.errors and ok.any():
        last = np.array(record.errors[-1], dtype=float).mean(0)[ok]  # (member,)
        ours, low, high = float(np.median(last)), float(last.min()), float(last.max())
    printed = result.metric in ("mse", "rmse")
    if not printed and result.metric != record.metric:
        raise UserError(
            f"{result.task}: want {record.metric} published, got {result.metric}: mend the table"
        )
    return Beside(
        result,
        record.metric,
        result.converted(record.scale),
        estimated=printed and result.scale is None,
        budget=record.budget,
        ours=ours,
        low=low,
        high=high,
    )
