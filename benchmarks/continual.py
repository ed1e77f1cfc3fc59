"""What is published on forgetting, repeated: tables and figures of docs/continual.md.

    python benchmarks/continual.py --only bumps_1d --docs docs

The KAN paper's five bumps and their form in the plane, at the paper's own shapes; ReLU-KAN's
demonstration; and digits, by a plain perceptron. Nothing is tuned: rates are those published.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
import torch
import typer
from tables import number, table
from torch import Tensor, nn

from kansci.discover import find_model, get_task
from kansci.figures.look import COLOURS, FAINT, LOOK, save
from kansci.judging import judge
from kansci.lifting.ensemble import Member
from kansci.models import Model
from kansci.preparing import prepare
from kansci.recipe import Optimizer, Recipe
from kansci.record import Record
from kansci.runner import unfinished
from kansci.statistics import transfer
from kansci.task import Task
from kansci.training import learn

SEEDS = (0, 1, 2)
BUDGET = 5_000  # room for every published shape
CONTROL = 203  # controls have no shape: as many numbers as the KAN of the paper
ZERO = "zero predictor"
BUMPS = {
    "kan[widths=1-1,grid=200,base=none]": "KAN, as the paper has it",
    "kan[widths=1-1,grid=200]": "the same with a base branch",
    "kan-published[widths=1-1,grid=200]": "pykan's own defaults",
    "kan[widths=1-1,grid=20,base=none]": "a coarse grid",
    "kan[widths=1-5-1,grid=40,base=none]": "a hidden layer",
    "linear-rbf": "control: Gaussians, linear in their numbers",
    "kan-one-layer": "control: splines, linear in their numbers",
    "mlp-tanh[widths=1-67-1]": "MLP of equal size, one hidden layer",
    "mlp-tanh[widths=1-13-13-1]": "MLP of equal size, two hidden layers",
}
PLANE = {
    "kan[widths=2-5-1,grid=10,base=none]": "KAN, as the paper would have it",
    "kan[widths=2-5-1,grid=10]": "the same with a base branch",
    "kan[widths=2-1,grid=10,base=none]": "one layer, which is additive",
    "mlp-tanh[widths=2-18-18-1]": "MLP, two hidden layers",
}
RELUKAN = {
    "relukan-published[widths=1-1,grid=25,order=1]": "as published",
    "relukan-published[widths=1-1,grid=100,order=3]": "a finer grid",
    "relukan-published[widths=1-5-1,grid=25,order=1]": "a hidden layer",
}
DIGITS = {
    "digits_classes": 240,  # 60 rounds of minibatches of 64
    "digits_domains[by=permutations]": 1_200,
    "digits_domains": 1_200,
}


class Outcome(NamedTuple):
    """A training: its Record, and the functions that were learned, `[stage]`, `(point,)`."""

    record: Record
    curves: list[Tensor]

    @property
    def rmse(self) -> np.ndarray:
        """In the task's units, `(stage, probe, member)`."""
        return np.array(self.record.errors) * self.record.scale


def trained(task: Task, model: Model, recipe: Recipe, grid: Tensor | None = None) -> Outcome:
    """Every evaluation seed at the recipe's only rate."""
    asked = task.probes
    if grid is not None:  # judged on the task's own probes, looked at on the grid as well
        extra = replace(asked[-1], name="grid", questions=grid, answers=torch.zeros_like(grid))
        task = replace(task, probes=(*asked, extra))
    members = [Member(seed, recipe.rates[0]) for seed in recipe.evaluation_seeds]
    budget = CONTROL if model.control else BUDGET
    learned = learn(
        prepare([task], model, budget, recipe, members), [task], recipe, "test", fitted=model.fitted
    )[0]
    if grid is None:
        curves = []
    else:
        curves = [row.pop()[0, :, 0] for row in learned.predictions]
        learned = learned._replace(untrained=learned.untrained[:-1])
    task = replace(task, probes=asked)
    record = unfinished(task, model, budget, recipe)
    found = judge(task, learned)
    return Outcome(record.updated(**found, parameters=learned.parameters), curves)


def searched(**changes: Any) -> Recipe:
    """The paper takes 100 steps of L-BFGS in a stage; what is counted here are evaluations."""
    part = Optimizer(name="lbfgs", evaluations=300)
    given = {"optimizers": (part,), "rates": (1.0,), "evaluation_seeds": SEEDS, "dtype": "float64"}
    return Recipe(**{**given, **changes})


def root_mean(values: np.ndarray) -> str:
    """Over stages, of each member; the least and the largest of all members."""
    each = np.sqrt(np.square(values).mean(0))  # (member,)
    low, high = number(each.min()), number(each.max())
    return low if low == high else f"{low} to {high}"


def bumps(name: str, models: dict[str, str], recipe: Recipe, *, joint: bool) -> tuple[str, Any]:
    """RMSE in the task's own units, root mean square over stages, least to largest of seeds."""
    task = get_task(name)
    grid = torch.linspace(*task.domain[0], 801, dtype=torch.double).unsqueeze(-1)
    grid = grid if task.dim_in == 1 else None
    zero = np.array([[probe.y.square().mean().sqrt()] for probe in task.judged_by("test")])
    bound = ("-",) if joint else ()
    rows = [(ZERO, "", "0", root_mean(zero), root_mean(zero), root_mean(zero[:-1]), *bound)]
    outcomes = {}
    for model, about in models.items():
        found = outcomes[model] = trained(task, find_model(model), recipe, grid)
        rmse = found.rmse
        stages = np.arange(len(rmse))
        cells = [root_mean(part) for part in (rmse[stages, stages], rmse[-1], rmse[-1, :-1])]
        if joint:
            together = recipe.model_copy(update={"method": "joint"})
            cells.append(root_mean(trained(task, find_model(model), together).rmse[-1]))
        rows.append((f"`{model}`", about, str(found.record.parameters), *cells))
        print(*rows[-1], sep=" | ", flush=True)
    head = ["model", "what", "numbers", "after own stage", "at the end", "earlier bumps"]
    return table(head + ["joint"] * joint, rows), (task, grid, outcomes)


def plain_perceptron() -> Model:
    """64-64-10, with PyTorch's own start."""

    def build(dim_in: int, dim_out: int, parameters: int) -> nn.Module:
        return nn.Sequential(nn.Linear(dim_in, 64), nn.SiLU(), nn.Linear(64, dim_out))

    return Model("plain-mlp", build)


def digits() -> tuple[str, Any]:
    """Means and standard deviations over seeds, of pixels as they are, in [0, 1]."""
    rows = []
    for name, evaluations in DIGITS.items():
        task = replace(get_task(name), domain=((-1.0, 1.0),) * 64)
        for method in ("naive", "ewc", "replay", "lwf", "frozen", "joint"):
            recipe = Recipe(
                optimizers=(Optimizer(evaluations=evaluations, schedule="constant"),),
                rates=(2e-3,),
                evaluation_seeds=SEEDS,
                points=64,
                resample=1,
                method=method,  # type: ignore[arg-type]
            )
            scores = transfer.scores(trained(task, plain_perceptron(), recipe).record)
            measures = [transfer.average]
            if method != "joint":
                measures += [transfer.forgetting, transfer.backward_transfer, transfer.learning]
            cells = [f"{m(scores).mean():.3f} ± {m(scores).std():.3f}" for m in measures]
            rows.append((f"`{name}`", method, *cells, *["-"] * (4 - len(cells))))
            print(*rows[-1], sep=" | ", flush=True)
    return table(("task", "method", "ACC", "forgetting", "BWT", "LA"), rows), None


def figure(task: Task, grid: Tensor, outcomes: dict[str, Outcome], models: Sequence[str]) -> Any:
    """What was learned after each stage, a row for each model; the stage's window is shaded."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    stages = len(task.stages)
    with mpl.rc_context(LOOK):
        found = Figure(figsize=(9, 1.5 * len(models)), layout="constrained")
        every = found.subplots(len(models), stages, sharex=True, sharey=True, squeeze=False)
        truth = task.probes[0].answers(grid)  # type: ignore[operator]
        for row, model in zip(every, models, strict=True):
            for stage, (axes, curve) in enumerate(zip(row, outcomes[model].curves, strict=True)):
                seen = task.stages[stage].sample(torch.Generator(), 100)[0]
                axes.axvspan(seen.min(), seen.max(), color="#EEEEEE", zorder=0)
                axes.plot(grid, truth, color=FAINT, linewidth=1)
                axes.plot(grid, curve, color=COLOURS[0], linewidth=1.3)
                axes.set_ylim(-0.5, 1.5)
            row[2].set_title(model, size=8, weight="normal", loc="center")
        for stage, axes in enumerate(every[-1]):
            axes.set_xlabel(f"after stage {stage + 1}", size=8)
        return found


def rewrite(path: Path, mark: str, text: str) -> None:
    """Puts a table between the marks of a page.

    Raises:
        ValueError: if it does not have both, in that order.
    """
    begin, end = f"<!-- {mark} -->", f"<!-- /{mark} -->"
    old = path.read_text(encoding="utf-8")
    new, count = re.subn(
        f"(?s){re.escape(begin)}.*{re.escape(end)}", lambda _: f"{begin}\n{text}\n{end}", old
    )
    if count != 1:
        raise ValueError(f"{path}: want {begin} and {end} once, got {count} of them")
    path.write_text(new, encoding="utf-8")


ADAM = Optimizer(evaluations=250, schedule="constant")
PARTS: dict[str, Callable[[], tuple[str, Any]]] = {
    "bumps_1d": lambda: bumps("bumps_1d", BUMPS, searched(), joint=True),
    "bumps_2d": lambda: bumps("bumps_2d", PLANE, searched(), joint=True),
    "bumps_relukan": lambda: bumps(
        "bumps_relukan",
        RELUKAN,
        searched(optimizers=(ADAM,), rates=(1e-3,), dtype="float32"),
        joint=False,
    ),
    "digits": digits,
}
SHOWN = ("kan[widths=1-1,grid=200,base=none]", "kan[widths=1-1,grid=200]")


def main(
    only: Annotated[str, typer.Option(help="Parts, of " + ", ".join(PARTS))] = ",".join(PARTS),
    docs: Annotated[Path | None, typer.Option(help="Folder whose continual.md is told.")] = None,
) -> None:
    torch.set_num_threads(1)
    for part in only.split(","):
        if part not in PARTS:
            raise typer.BadParameter(f"want parts of {', '.join(PARTS)}, got {part!r}")
        text, more = PARTS[part]()
        print(text)
        if docs is not None:
            rewrite(docs / "continual.md", part, text)
            if part == "bumps_1d":
                shown = (*SHOWN, "mlp-tanh[widths=1-13-13-1]")
                save(figure(*more, shown), docs / "continual-bumps.png")


if __name__ == "__main__":
    typer.run(main)
