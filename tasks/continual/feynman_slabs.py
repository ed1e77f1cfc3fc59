"""Equations from the Feynman lectures, learned slab by slab along their first variable.

Four slabs hold a quarter of the points each, from the lowest values to the highest.

Source: the equations as Liu et al. 2024 chose them, arXiv:2404.19756, table 2, after Udrescu and
Tegmark 2020, arXiv:1905.11481.
We differ: the ranges and the slabs are ours.
"""

from pathlib import Path

import torch

from kansci.continual import Piece, continual
from kansci.formulas import function, read
from kansci.regression import intervals, rows
from kansci.sampling import stream, uniform
from kansci.task import Scale, Task

SLABS = 4
CHOSEN = ("I.6.2", "I.16.6", "I.29.16", "I.50.26", "II.35.18")
TABLE = Path(__file__).parents[1] / "feynman" / "feynman27.csv"
EQUATIONS = {row["id"]: row for row in rows(TABLE)}


def slabs(name: str, equation: str, axis: int, order: list[int], **more: Task) -> Task:
    formula = EQUATIONS[equation]["formula"]
    variables, domain = zip(*intervals(EQUATIONS[equation]["ranges"]).items(), strict=True)
    truth = function(read(formula), variables)
    edges = torch.linspace(*domain[axis], SLABS + 1, dtype=torch.double).tolist()

    def piece(index: int) -> Piece:
        slab = (edges[index], edges[index + 1])
        label = f"{variables[axis]} in [{slab[0]:.3g}, {slab[1]:.3g}]"
        box = [slab if i == axis % len(domain) else whole for i, whole in enumerate(domain)]
        return Piece(label, tuple(box), truth, index)

    return continual(
        name=name,
        version=1,
        pieces=[piece(index) for index in order],
        domain=domain,
        scale=Scale.of(lambda: truth(uniform(stream(f"{name}/scale"), 100_000, domain))),
        points=250,
        asked=2_500,
        source="arXiv:2404.19756, table 2",
        about=f"{formula}, in slabs along {variables[axis]}",
        **more,
    )


def task(equation: str) -> Task:
    """Rates are chosen on slabs along the last variable, in another order."""
    name = f"feynman_slabs/{equation}"
    order = torch.randperm(SLABS, generator=stream(f"{name}/tuning")).tolist()
    tuning = slabs(f"{name}/tuning", equation, -1, order)
    return slabs(name, equation, 0, list(range(SLABS)), tuning=tuning)


tasks = tuple(map(task, CHOSEN))
