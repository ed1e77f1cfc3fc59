"""Dimensionless equations from the Feynman lectures, as the KAN paper chose them.

A row of the table is a task: a formula, and the interval of each input, in order.

Source: Liu et al. 2024, "KAN: Kolmogorov-Arnold Networks", arXiv:2404.19756, table 2, after
Udrescu and Tegmark 2020, "AI Feynman", arXiv:1905.11481.
We differ: the paper gives no ranges; ours keep clear of every singularity, where the usual
[-1, 1] does not.
"""

import csv
from pathlib import Path

from torch import Generator

from kansci.equations import Statement
from kansci.formulas import function, read
from kansci.losses import squared_error
from kansci.sampling import stream, uniform
from kansci.task import Batch, Interval, Probe, Scale, Split, Stage, Task

TABLE = Path(__file__).with_name("feynman27.csv")
SIZES: dict[Split, int] = {"validation": 1_000, "test": 10_000}


def equation(name: str, formula: str, ranges: dict[str, Interval]) -> Task:
    """Regression on a formula: 1 000 uniform points to learn from, 10 000 to be judged on."""
    variables, domain = tuple(ranges), tuple(ranges.values())
    truth = function(read(formula), variables)
    values = truth(uniform(stream(f"{name}/scale"), 100_000, domain))
    scale = Scale(values.mean().item(), values.std().item())

    def sample(generator: Generator, points: int) -> Batch:
        x = uniform(generator, points, domain)
        return x, truth(x)

    def probe(split: Split) -> Probe:
        x = uniform(stream(f"{name}/{split}"), SIZES[split], domain)
        return Probe("domain", x, truth(x), split)

    return Task(
        name=name,
        version=1,
        family="feynman",
        domain=domain,
        dim_out=1,
        stages=(Stage("equation", sample, squared_error(scale), points=1_000),),
        probes=(probe("validation"), probe("test")),
        source="arXiv:2404.19756, table 2",
        scale=scale,
        about=formula,
        statement=Statement(variables, ("y",), (read(f"y - ({formula})"),), truth=(read(formula),)),
    )


def intervals(text: str) -> dict[str, Interval]:
    """`a 0 1; theta 0 2*pi` as a table of intervals."""
    rows = (piece.split() for piece in text.split(";"))
    return {name: (float(read(low)), float(read(high))) for name, low, high in rows}


with TABLE.open(encoding="utf-8", newline="") as file:
    tasks = tuple(
        equation(f"feynman27/{row['id']}", row["formula"], intervals(row["ranges"]))
        for row in csv.DictReader(file)
    )
