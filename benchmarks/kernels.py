"""What each kernel of local functions costs, forward and backward: which is fastest where.

    python benchmarks/kernels.py --readme

Hats, of which two are not 0 at a point; processor time, on one thread, eager, float32; all kernels
alternate in one process. README.md says more.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch

from pathlib import Path
from typing import Annotated

import layer_cost
import layer_tables
import torch
import typer
from rows import machine
from tables import number, table

from kansci.bases import Hat
from kansci.bases.lookup import KERNELS, Kernel
from kansci.children.allocation import keep_freed_memory

README = Path(__file__).with_name("README.md")
INPUTS, POINTS = 8, 1_024
FUNCTIONS = (8, 32, 128, 512)
OUTPUTS = (1, 8, 64)
TURNS = 7


def step_of(kernel: Kernel, functions: int, outputs: int) -> layer_cost.Step:
    """Sums of hats whose places are found, then the gradients of coefficients and weights."""
    generator = torch.Generator().manual_seed(1)
    points = 2 * torch.rand(INPUTS, POINTS, generator=generator) - 1
    first, (weights,) = Hat(INPUTS, grid=functions - 1).near(points, 0)
    places = first.long() + torch.arange(2).unsqueeze(-1)  # (in, few, point)
    coef = torch.randn(outputs, INPUTS, functions, generator=generator).requires_grad_()
    cotangent = torch.randn(outputs, POINTS, generator=generator)
    wanted = [coef, weights.requires_grad_()]
    return lambda: torch.autograd.grad(kernel(coef, places, weights), wanted, cotangent)


def measure(turns: int = TURNS) -> str:
    """A line for each size: milliseconds of every kernel, and the fastest."""
    body = []
    for functions in FUNCTIONS:
        for outputs in OUTPUTS:
            steps = [step_of(kernel, functions, outputs) for kernel in KERNELS.values()]
            spent = dict(zip(KERNELS, layer_cost.in_alternation(steps, turns), strict=True))
            fastest = min(spent, key=spent.__getitem__)
            body.append((str(functions), str(outputs), *map(number, spent.values()), fastest))
    return table(("functions", "outputs", *KERNELS, "fastest"), body)


def main(
    readme: Annotated[bool, typer.Option("--readme", help="rewrites README.md's table")] = False,
) -> None:
    """Measures kernels and prints a table."""
    torch.set_num_threads(1)
    keep_freed_memory()
    where = machine()
    said = f"{where['date']}; {where['processor']}; {where['versions']}; {where['commit']}."
    text = f"{said} Milliseconds.\n\n{measure()}\n"
    typer.echo(text)
    if readme:
        layer_tables.rewrite(README, text, layer_tables.KERNELS)


if __name__ == "__main__":
    typer.run(main)
