"""What ours is measured against: one network after another, in plain PyTorch.

The networks, points, rates and numbers of evaluations are those of ours; optimizers are
`torch.optim`'s, and derivatives nested calls of `torch.autograd.grad`, as most papers' code has
them. Nothing is done that such a loop would not need: the source of an equation is computed once,
and no gradient of the points is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from kansci.draws import Draws
from kansci.models import Model
from kansci.preparing import maker
from kansci.recipe import Optimizer, Recipe
from kansci.sampling import stream
from kansci.task import Batch, Stage, Task

Value = Callable[[], Tensor]
Step = Callable[[bool], None]
FLAT = 1e-12  # of L-BFGS: the largest entry of a gradient that is none
STILL = 1e-15  # of L-BFGS: a change that is none


def started(task: Task, model: Model, budget: int, recipe: Recipe, seed: int) -> nn.Module:
    """The network that a member of this seed begins with."""
    with Draws("start", seed):
        network = maker(task, model, budget, recipe)()
    for weight in network.parameters():  # torch.optim.LBFGS wants such a layout
        weight.data = weight.data.contiguous()
    return network


def train(
    network: nn.Module, task: Task, recipe: Recipe, seed: int, rate: float, step: Step
) -> list[float]:
    """Trains a network through all stages of a task; its loss at the end of each.

    Args:
        step: called after every evaluation, with whether it is the first of a stage.
    """
    source = stream("points", seed)
    losses = []
    for stage in task.stages:
        drawn = stage.sample(source, recipe.points or stage.points)
        value = loss_of(network, task, stage, drawn, recipe)
        heard = _First(step)
        for part in recipe.optimizers:
            OPTIMIZERS[part.name](list(network.parameters()), value, part, rate, heard)
        losses.append(value().item())
    return losses


class _First:
    """Says of the first call that it is the first."""

    def __init__(self, step: Step) -> None:
        self._step, self._first = step, True

    def __call__(self) -> None:
        self._step(self._first)
        self._first = False


def loss_of(network: nn.Module, task: Task, stage: Stage, drawn: Batch, recipe: Recipe) -> Value:
    """The loss on points that stay as they are.

    Raises:
        ValueError: for an equation that is not written out below.
    """
    dtype = getattr(torch, recipe.dtype)
    if not task.order:
        x, y = (one.to(dtype) for one in drawn)
        return lambda: ((network(x) - y) / task.scale.std).square().mean()
    if task.name not in SOURCES:
        raise ValueError(f"want one of {', '.join(SOURCES)}, got {task.name!r}")
    return poisson(network, drawn, SOURCES[task.name], dtype)


def poisson(
    network: nn.Module, drawn: Batch, source: Callable[[Tensor], Tensor], dtype: torch.dtype
) -> Value:
    """0.01 of the mean squared residual of `u_xx + u_yy = f`, and the mean square on the edges."""
    f = source(drawn[0]).to(dtype)  # (point,)
    x = drawn[0].to(dtype).requires_grad_()  # (point, 2)
    edges = torch.cat(drawn[1:]).to(dtype)  # of equal numbers of points: one mean is that of all

    def value() -> Tensor:
        first = torch.autograd.grad(network(x).sum(), x, create_graph=True)[0]
        bends = [
            torch.autograd.grad(first[:, axis].sum(), x, create_graph=True)[0][:, axis]
            for axis in range(2)
        ]
        residual = bends[0] + bends[1] - f
        return 0.01 * residual.square().mean() + network(edges).square().mean()

    return value


def paper_source(x: Tensor) -> Tensor:
    """Of the task `poisson`, whose solution is sin(pi x) sin(pi y^2)."""
    pi, x, y = torch.pi, x[:, 0], x[:, 1]
    bend = -(pi**2) * (1 + 4 * y**2) * torch.sin(pi * x) * torch.sin(pi * y**2)
    return bend + 2 * pi * torch.sin(pi * x) * torch.cos(pi * y**2)


SOURCES: dict[str, Callable[[Tensor], Tensor]] = {"poisson": paper_source}


def adam(
    weights: Sequence[nn.Parameter], value: Value, part: Optimizer, rate: float, step: _First
) -> None:
    """Adam with a cosine, as `torch.optim` has both."""
    optimizer = torch.optim.Adam(weights, lr=rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, part.evaluations)
    for _ in range(part.evaluations):
        optimizer.zero_grad()
        value().backward(inputs=list(weights))
        optimizer.step()
        schedule.step()
        step()


def lbfgs(
    weights: Sequence[nn.Parameter], value: Value, part: Optimizer, rate: float, step: _First
) -> None:
    """L-BFGS with strong Wolfe; ends early where it has converged or finds no step."""
    optimizer = torch.optim.LBFGS(
        weights,
        lr=1,
        max_iter=part.evaluations,
        max_eval=part.evaluations,
        history_size=part.history or 100,
        line_search_fn="strong_wolfe",
        tolerance_grad=FLAT,
        tolerance_change=STILL,
    )

    for weight in weights:  # added to in place, gradients keep the layout of the weights
        weight.grad = torch.zeros_like(weight)

    def closure() -> Tensor:
        optimizer.zero_grad(set_to_none=False)
        loss = value()
        loss.backward(inputs=list(weights))
        step()
        return loss

    optimizer.step(closure)  # type: ignore[arg-type]


OPTIMIZERS = {"adam": adam, "lbfgs": lbfgs}
