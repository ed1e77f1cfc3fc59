"""`kansci plot`: figures for papers, from Records and from trained networks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kansci.cli.selection import positive
from kansci.cli.slices import (
    OF_SUITE,
    Folder,
    default_records,
    narrowed,
    read,
)
from kansci.errors import UnknownName, UserError, blamed
from kansci.figures.plots import KINDS
from kansci.ledger import AnyRecord
from kansci.record import Record
from kansci.submission.ledger import load_ledger

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from torch import nn

    from kansci.task import Task

OF_ONE = {
    "curves": "losses of one training: --model, --task, --parameters",
    "edges": "functions on the edges of one network: --model, --task, --parameters",
    "errors": "truth, network and error over two inputs: --model, --task, --parameters",
}
ABOUT = {name: kind.about for name, kind in KINDS.items()} | OF_ONE
SAID = "; ".join(f"{name}: {text}" for name, text in ABOUT.items())
OF_NETWORK = {"records", "suite", "model", "task", "parameters"}
OF_RECORDS = {"records", "suite", "family", "budget"}
TAKES = {  # options by figure; the others are figures of all models
    "curves": OF_NETWORK | OF_RECORDS,
    "edges": OF_NETWORK,
    "errors": OF_NETWORK | {"output"},
}
SUITE = "quick"  # whose recipe trains a network, if nothing else is said


def plot(
    context: typer.Context,
    kind: Annotated[str, typer.Argument(help=f"{SAID}.")],
    records: Folder = None,
    model: Annotated[
        str | None, typer.Option(help="Curves, edges, errors: NAME or FILE.py.")
    ] = None,
    task: Annotated[str | None, typer.Option(help="Curves, edges, errors: NAME of a task.")] = None,
    parameters: Annotated[
        int,
        typer.Option(help="Curves, edges, errors: the budget of that one network, in numbers."),
    ] = 250,
    suite: Annotated[
        list[str] | None,
        typer.Option(help=f"{OF_SUITE} Edges and errors: train by its recipe, whatever is kept."),
    ] = None,
    family: Annotated[
        list[str] | None,
        typer.Option(help="All but edges and errors: on tasks of this family alone; repeatable."),
    ] = None,
    budget: Annotated[
        list[int] | None,
        typer.Option(help="All but edges and errors: on Records at this budget alone; repeatable."),
    ] = None,
    output: Annotated[int, typer.Option(help="Errors: of several outputs, the one to map.")] = 0,
    out: Annotated[Path, typer.Option(help="Folder of the figure.")] = Path("figures"),
) -> None:
    """Draw one figure, as SVG and as PNG.

    What shows all models is drawn from Records; models that are left out are named. Edges and
    errors are those of one network: of the seed with the median error, where weights are kept
    beside the Records; else it is trained for the figure, by the recipe of a suite on its first
    evaluation seed.
    """
    if kind not in ABOUT:
        raise UnknownName("figure", kind, ABOUT)
    positive([parameters])
    _refuse_unused(context, kind)
    if kind in ("edges", "errors"):
        if len(suite or ()) > 1:
            raise UserError(f"figure {kind!r}: want at most one --suite, got {len(suite or ())}")
        model, task = _both(kind, model, task)
        draw = _edges if kind == "edges" else _errors
        title = f"{model} on {task}, {parameters} numbers"
        what = None if suite else _kept(records, model, task, parameters)
        if what is None:
            draw(*_untrained(model, task, parameters), title, output)  # before minutes of training
            what = _trained(model, task, parameters, suite[0] if suite else SUITE)
        name = _name(kind, model, task, parameters)
        figure = draw(*what, title, output)
    else:
        found = narrowed(*read(records), suite, family, budget)
        if kind == "curves":
            name, figure = _curves(found, model, task, parameters)
        else:
            name, figure = kind, _of_all(kind, found)
    _write(figure, out, name)


def _refuse_unused(context: typer.Context, kind: str) -> None:
    """An option that changes nothing would be taken for one that did."""
    takes = TAKES.get(kind, OF_RECORDS) | {"kind", "out"}
    for name in context.params:
        source = context.get_parameter_source(name)
        if name not in takes and source is not None and source.name == "COMMANDLINE":
            want = ", ".join(f"--{one}" for one in context.params if one in takes - {"kind"})
            raise UserError(f"figure {kind!r}: want {want}; got --{name}, which it does not take")


def _of_all(name: str, records: Sequence[AnyRecord]) -> Figure:
    """A figure of all models; says who is not in it."""
    from kansci.api import frozen_reference, rank
    from kansci.figures.plots import Material

    kind = KINDS[name]
    drawn = kind.draw(Material(rank(kind.board, records), records, frozen_reference()))
    if drawn.left_out:
        typer.echo(drawn.left_out)
    return drawn.figure


def _of_training(records: Sequence[AnyRecord]) -> list[Record]:
    return [one for one in records if isinstance(one, Record)]


def _curves(
    records: Sequence[AnyRecord], model: str | None, task: str | None, budget: int
) -> tuple[str, Figure]:
    from kansci.figures.curves import learning_curves

    model, task = _both("curves", model, task)
    for one in _of_training(records):
        if (one.model, one.name, one.budget) == (model, task, budget):
            return _name("curves", model, task, budget), learning_curves(one)
    raise UserError(f"no Record of {model} on {task} at {budget}: `kansci run` makes one")


def _kept(
    records: Path | None, model: str, task: str, budget: int
) -> tuple[Task, nn.Module] | None:
    """The network that a Record shows, where the weights of one are kept."""
    from kansci.discover import find_model, get_task
    from kansci.figures import typical
    from kansci.weights import kept

    try:
        folder = records or default_records()
    except UserError:  # nothing was run here, so nothing is kept
        return None
    asked = (find_model(model).name, get_task(task).name, budget)
    for one in _of_training(load_ledger(folder)):
        if (one.model, one.name, one.budget) == asked and kept(one, folder):
            found = typical(one, folder, what := get_task(task), find_model(model))
            typer.echo(f"kept in {folder}, suite {one.suite}: seed {found.seed}, the median error")
            return what, found.network
    return None


def _untrained(model: str, task: str, budget: int) -> tuple[Task, nn.Module]:
    from kansci.discover import find_model, get_task
    from kansci.preparing import maker
    from kansci.suite import get_suite

    what = get_task(task)
    recipe = get_suite(SUITE).recipe(what.family)
    made = find_model(model)
    with blamed(made.name):
        return what, maker(what, made, budget, recipe)()


def _trained(model: str, task: str, budget: int, suite: str) -> tuple[Task, nn.Module]:
    """A network that is trained for the figure."""
    from kansci.api import fit
    from kansci.discover import get_task
    from kansci.suite import get_suite

    what = get_task(task)
    seed = get_suite(suite).recipe(what.family).evaluation_seeds[0]
    typer.echo(f"no weights taken: trained as {suite} does it, seed {seed}")
    with blamed(model):
        return what, fit(what, model, parameters=budget, suite=suite)


def _edges(task: Task, network: nn.Module, title: str, output: int) -> Figure:
    from kansci.models.edges import plot as draw

    said = task.statement
    inputs = said.variables if said else None
    outputs = said.unknowns if said and len(said.unknowns) == task.dim_out else None
    try:
        return draw(network, inputs=inputs, outputs=outputs, title=title)
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

    named = Path(model).stem if model.endswith(".py") else model
    return safe(f"{kind}-{named}-{task.replace('/', '-')}-{budget}")


def _write(figure: Figure, folder: Path, name: str) -> None:
    from kansci.cli.selection import writable
    from kansci.figures.look import save

    writable(folder)
    for ending in ("svg", "png"):
        typer.echo(save(figure, folder / f"{name}.{ending}"))
