"""What the engine costs: against a loop over seeds, against pykan, and as work grows.

    python benchmarks/engine.py --only pde --dtype float64 --json engine.json

Processor time, on one thread; whatever is compared takes turns in one process. README.md says what
the parts are.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch; and for what is started

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import cells
import estimate
import growth
import harness
import peers
import states
import tables
import torch
import typer
from rows import Row, add, read, write

from kansci.children.allocation import keep_freed_memory
from kansci.record import Gear
from kansci.suite import get_suite

README = Path(__file__).with_name("README.md")
QUICK = states.Shares(whole=0.02, cached=0.02, eager=0.02)
Found = tuple[list[Row], dict[str, Any]]


class Asked(NamedTuple):
    """What is to be measured, and where progress goes."""

    dtypes: tuple[str, ...]
    gears: tuple[Gear, ...]
    quick: bool
    document: dict[str, Any]

    def tell(self, text: str) -> None:
        typer.echo(text, err=True)


def family(name: str) -> Callable[[Asked], Found]:
    """The part that compares cells of a family with the loop."""

    def part(asked: Asked) -> Found:
        found = []
        for case in cells.cases(name, asked.dtypes):
            asked.tell(f"{case.name}: ours and the loop in turns")
            shares = QUICK if asked.quick else states.Shares()
            for row in states.rows_of(case, asked.gears, shares):
                asked.tell(f"  {row.gear}, {row.state}: {row.ratio:.2f}")
                found.append(row)
        return found, {}

    return part


def against_pykan(asked: Asked) -> Found:
    if not peers.installed():
        typer.echo(peers.MISSING)
        return [], {}
    asked.tell("pykan: its tutorial's Poisson setting")
    steps, evaluations = (2, 20) if asked.quick else (peers.STEPS, peers.EVALUATIONS)
    return [peers.measure(gear, steps=steps, evaluations=evaluations) for gear in asked.gears], {}


def as_it_grows(asked: Asked) -> Found:
    asked.tell("growth: members, points, tasks")
    most = 4 if asked.quick else growth.MEMBERS[-1]
    return [], {"growth": growth.growth(asked.gears, most=most)}


def in_memory(asked: Asked) -> Found:
    asked.tell(f"memory: a KAN of {growth.LARGEST} numbers")
    parameters = 250 if asked.quick else growth.LARGEST
    return [], {"memory": growth.memory(asked.gears, parameters=parameters)}


def around(asked: Asked) -> Found:
    asked.tell("harness: a whole command, for two numbers of evaluations")
    few, many = (20, 40) if asked.quick else (harness.FEW, harness.MANY)
    evaluations = get_suite(cells.SUITE).recipe("pde").evaluations
    shares = [harness.share(gear, evaluations, few=few, many=many) for gear in asked.gears]
    return [], {"harness": shares}


def hours(asked: Asked) -> Found:
    models = 1 if asked.quick else None
    return [], {"estimate": estimate.estimate(asked.document, asked.tell, models=models)}


PARTS: dict[str, Callable[[Asked], Found]] = {
    "pde": family("pde"),
    "regression": family("regression"),
    "continual": family("continual"),
    "pykan": against_pykan,
    "growth": as_it_grows,
    "memory": in_memory,
    "harness": around,
    "estimate": hours,
}


def chosen(text: str, known: tuple[str, ...]) -> tuple[str, ...]:
    """Names between commas."""
    names = tuple(name.strip() for name in text.split(","))
    for name in names:
        if name not in known:
            raise typer.BadParameter(f"want some of {', '.join(known)}, got {name!r}")
    return names


def main(
    only: Annotated[str, typer.Option(help="parts, between commas")] = ",".join(PARTS),
    dtype: Annotated[str, typer.Option(help="of the families")] = "float64,float32",
    gear: Annotated[str, typer.Option(help="of ours")] = "compiled,eager",
    quick: Annotated[bool, typer.Option("--quick", help="small shares, to try it out")] = False,
    json: Annotated[Path | None, typer.Option(help="adds what it finds to this file")] = None,
    readme: Annotated[bool, typer.Option("--readme", help="rewrites README.md's tables")] = False,
) -> None:
    """Measures the engine and prints tables."""
    torch.set_num_threads(1)
    keep_freed_memory()  # as workers do; the loop profits as well
    warnings.simplefilter("ignore")  # of tracing, about torch's own insides
    document = read(json)
    asked = Asked(
        dtypes=chosen(dtype, ("float64", "float32")),
        gears=chosen(gear, ("compiled", "eager")),  # type: ignore[arg-type]
        quick=quick,
        document=document,
    )
    for name in chosen(only, tuple(PARTS)):
        add(document, *PARTS[name](asked))
        if json:
            write(document, json)  # after each part, so that none is lost
    text = tables.render(document)
    typer.echo(text)
    if readme:
        tables.rewrite(README, text)


if __name__ == "__main__":
    typer.run(main)
