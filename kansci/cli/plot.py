"""`kansci plot`: figures for papers, from Records or from a network that is trained for one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kansci.cli.board import default_records
from kansci.cli.selection import positive
from kansci.errors import UnknownName, UserError
from kansci.ledger import AnyRecord, load_records
from kansci.record import Record

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from torch import nn

    from kansci.task import Task

ABOUT = {
    "critical": "mean ranks, and models that cannot be told apart: the critical-difference diagram",
    "pareto": "decades against trainable numbers, with the Pareto front",
    "profiles": "performance profiles relative to the frozen reference",
    "forgetting": "what was lost against what was learned",
    "curves": "losses of one training: --model, --task, --parameters",
    "edges": "functions on the edges of one network: --model, --task, --parameters",
    "errors": "truth, network and error over two inputs: --model, --task, --parameters",
}
KINDS = "; ".join(f"{name}: {text}" for name, text in ABOUT.items())


def plot(
    kind: Annotated[str, typer.Argument(help=f"{KINDS}.")],
    records: Annotated[
        Path | None,
        typer.Option(help="A folder of Records; by default ./kansci-records/quick or the ledger."),
    ] = None,
    model: Annotated[str | None, typer.Option(help="NAME or FILE.py.")] = None,
    task: Annotated[str | None, typer.Option(help="NAME of a task.")] = None,
    parameters: Annotated[int, typer.Option(help="Budget of trainable numbers.")] = 250,
    suite: Annotated[str, typer.Option(help="Whose recipe trains the network.")] = "quick",
    output: Annotated[int, typer.Option(help="Of several outputs, the one to map.")] = 0,
    out: Annotated[Path, typer.Option(help="Folder of the figure.")] = Path("figures"),
) -> None:
    """Draw one figure, as SVG and as PNG.

    What shows all models is drawn from Records; edges and errors are those of a network that is
    trained for the figure, by the recipe of a suite on its first evaluation seed.
    """
    if kind not in ABOUT:
        raise UnknownName("figure", kind, ABOUT)
    positive([parameters])
    if kind in ("edges", "errors"):
        name, figure = _of_network(kind, model, task, parameters, suite, output)
    else:
        found = load_records(records or default_records())
        if kind == "curves":
            name, figure = _curves(found, model, task, parameters)
        else:
            name, figure = kind, OF_RECORDS[kind](found)
    _write(figure, out, name)


def _critical(records: Sequence[AnyRecord]) -> Figure:
    from kansci.figures import critical_differences
    from kansci.significance import levels
    from kansci.standing import standings

    return critical_differences(levels(standings(_trained(records))))


def _pareto(records: Sequence[AnyRecord]) -> Figure:
    from kansci.api import rank
    from kansci.plots import scaling

    return scaling(rank("accuracy", records), records)


def _profiles(records: Sequence[AnyRecord]) -> Figure:
    from kansci.api import frozen_reference, rank
    from kansci.figures import performance_profiles, profiles_of
    from kansci.standing import standings

    reference = frozen_reference()
    if reference is None:
        raise UserError(
            "want a frozen reference, got none: `kansci board --freeze FILE` writes one"
        )
    found = profiles_of(standings(_trained(records)), reference)
    return performance_profiles(rank("accuracy", records), found)


def _forgetting(records: Sequence[AnyRecord]) -> Figure:
    from kansci.api import rank
    from kansci.plots import plane

    return plane(rank("forgetting", records))


OF_RECORDS: dict[str, Callable[[Sequence[AnyRecord]], Figure]] = {
    "critical": _critical,
    "pareto": _pareto,
    "profiles": _profiles,
    "forgetting": _forgetting,
}


def _trained(records: Sequence[AnyRecord]) -> list[Record]:
    return [one for one in records if isinstance(one, Record)]


def _curves(
    records: Sequence[AnyRecord], model: str | None, task: str | None, budget: int
) -> tuple[str, Figure]:
    from kansci.curves import learning_curves

    model, task = _both("curves", model, task)
    for one in _trained(records):
        if (one.model, one.name, one.budget) == (model, task, budget):
            return _name("curves", model, task, budget), learning_curves(one)
    raise UserError(f"no Record of {model} on {task} at {budget}: `kansci run` makes one")


def _of_network(
    kind: str, model: str | None, task: str | None, budget: int, suite: str, output: int
) -> tuple[str, Figure]:
    from kansci.api import fit
    from kansci.discover import get_task

    model, task = _both(kind, model, task)
    what = get_task(task)
    network = fit(what, model, parameters=budget, suite=suite)
    title = f"{model} on {task}, {budget} numbers"
    draw = _edges if kind == "edges" else _errors
    return _name(kind, model, task, budget), draw(what, network, title, output)


def _edges(task: Task, network: nn.Module, title: str, output: int) -> Figure:
    from kansci.models.edges import plot as draw

    names = task.statement.variables if task.statement else None
    try:
        return draw(network, inputs=names, title=title)
    except ValueError as problem:
        raise UserError(f"{title}: {problem}") from problem


def _errors(task: Task, network: nn.Module, title: str, output: int) -> Figure:
    from kansci.figures import error_maps

    return error_maps(task, network, output=output, title=title)


def _both(kind: str, model: str | None, task: str | None) -> tuple[str, str]:
    if model is None or task is None:
        raise UserError(f"figure {kind!r}: want --model and --task, got {model} and {task}")
    return model, task


def _name(kind: str, model: str, task: str, budget: int) -> str:
    from kansci.ledger import safe

    return safe(f"{kind}-{Path(model).stem}-{task.replace('/', '-')}-{budget}")


def _write(figure: Figure, folder: Path, name: str) -> None:
    from kansci.cli.selection import writable
    from kansci.look import save

    writable(folder)
    for ending in ("svg", "png"):
        typer.echo(save(figure, folder / f"{name}.{ending}"))
