"""Equations from the Feynman lectures, learned slab by slab along their first variable.

The domain falls into four slabs that hold a quarter of its points each, from the lowest values
to the highest.

Source: the equations as Liu et al. 2024 chose them, arXiv:2404.19756, table 2, after Udrescu and
Tegmark 2020, arXiv:1905.11481.
We differ: the ranges and the slabs are ours.
"""

import math

import torch

from kansci.continual import Piece, continual
from kansci.formulas import function, read
from kansci.sampling import stream, uniform
from kansci.task import Interval, Scale, Task

SLABS = 4
TURN = (0.0, 2 * math.pi)
EQUATIONS: dict[str, tuple[str, dict[str, Interval]]] = {
    "I.6.2": (
        "exp(-theta**2/(2*sigma**2))/sqrt(2*pi*sigma**2)",
        {"theta": (-1.0, 1.0), "sigma": (0.5, 2.0)},
    ),
    "I.16.6": ("(a + b)/(1 + a*b)", {"a": (-0.9, 0.9), "b": (-0.9, 0.9)}),
    "I.29.16": (
        "sqrt(1 + a**2 - 2*a*cos(theta1 - theta2))",
        {"a": (0.0, 1.0), "theta1": TURN, "theta2": TURN},
    ),
    "I.50.26": ("cos(a) + alpha*cos(a)**2", {"a": TURN, "alpha": (0.0, 1.0)}),
    "II.35.18": ("n0/(exp(a) + exp(-a))", {"n0": (0.0, 1.0), "a": (-2.0, 2.0)}),
}


def slabs(name: str, equation: str, axis: int, order: list[int], **more: Task) -> Task:
    formula, ranges = EQUATIONS[equation]
    variables, domain = tuple(ranges), tuple(ranges.values())
    truth = function(read(formula), variables)
    low, high = domain[axis]
    edges = torch.linspace(low, high, SLABS + 1, dtype=torch.double).tolist()

    def piece(index: int) -> Piece:
        slab = (edges[index], edges[index + 1])
        label = f"{variables[axis]} in [{slab[0]:.3g}, {slab[1]:.3g}]"
        return Piece(label, (*domain[:axis], slab, *domain[axis + 1 :]), truth, index)

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
    last = len(EQUATIONS[equation][1]) - 1
    tuning = slabs(f"{name}/tuning", equation, last, order)
    return slabs(name, equation, 0, list(range(SLABS)), tuning=tuning)


tasks = tuple(map(task, EQUATIONS))
