"""One network trained on a table, with the optimizers and the objective of the engine."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from torch import Tensor, nn

from kansci.errors import DoesNotFit
from kansci.gears.objective import Objective
from kansci.lifting.ensemble import Ensemble, Member
from kansci.models import Model, trainable
from kansci.optim import OPTIMIZERS
from kansci.preparing import WrongShape
from kansci.recipe import Optimizer
from kansci.sampling import stream
from kansci.task import Batch, Loss

LOOK = 10  # evaluations between two looks at the rows that are held out
TELL = 100  # and between two reports of how it goes

Say = Callable[[int, float], None]


class How(NamedTuple):
    """How a network is trained.

    Attributes:
        batch: rows an evaluation; `None`: all of them.
        patience: evaluations without a lower loss of the rows held out, after which it ends.
        say: is told the evaluation and the loss now and then.
    """

    optimizers: tuple[Optimizer, ...]
    rate: float
    seed: int
    batch: int | None
    patience: int
    dtype: torch.dtype
    device: torch.device
    say: Say


class Trained(NamedTuple):
    """A network that was trained, in float64, and how its losses went.

    Attributes:
        losses: of every evaluation, before its step.
        held_out: evaluations, and the loss of the rows that are held out after each of them.
    """

    network: nn.Module
    losses: list[float]
    held_out: list[tuple[int, float]]


def train(
    make: Callable[[], nn.Module],
    dims: tuple[int, int],
    loss: Loss,
    rows: Batch,
    held: Batch | None,
    how: How,
) -> Trained:
    """Trains one network on rows of inputs in [-1, 1].

    Where rows are held out, the weights that were best on them are kept.

    Args:
        dims: inputs and outputs of the network.
        rows: tensors `(row, k)`, of which the first are inputs.
        held: the same of the rows that are held out.

    Raises:
        ValueError: if the weights are not finite in the end.
        WrongShape: if the network has not that many outputs.
    """
    ensemble, network = _untrained(make, dims, how)
    placed = _placed(rows, ensemble)
    draw = batches(placed, how.batch, how.seed)
    objective = Objective(ensemble, loss, next(batches(placed, how.batch, how.seed)))
    best = None if held is None else Best(ensemble, loss, _placed(held, ensemble))
    losses = list(_steps(ensemble, objective, draw, best, how))
    if best is not None:
        best.restore()
    values = torch.stack(losses)[:, 0].double().cpu().tolist()
    sound = math.isfinite(values[-1]) if best is None else best.evaluation > 0
    if not (sound and ensemble.flat.isfinite().all()):
        raise ValueError(
            f"want finite weights, got others after {len(values)} evaluations with "
            f"rate={how.rate}: try a lower rate"
        )
    trained = ensemble.export(0, network.double()).eval()
    return Trained(trained, values, [] if best is None else list(best.seen.items()))


def _steps(
    ensemble: Ensemble, objective: Objective, draw: Iterator[Batch], best: Best | None, how: How
) -> Iterator[Tensor]:
    """The loss of each evaluation, `(1,)`, until the recipe or patience is at its end."""
    rates = torch.tensor([how.rate], dtype=torch.double)
    done = 0
    for part in how.optimizers:
        optimizer = OPTIMIZERS[part.name](ensemble.flat, rates, part)
        for _ in range(part.evaluations):
            value = optimizer.step(objective.at(next(draw)))
            done += 1
            yield value
            if done % TELL == 0:
                how.say(done, value.item())
                if optimizer.idle():
                    break
            if best is not None and done % LOOK == 0:
                best.look(done)
                if done - best.evaluation >= how.patience:
                    return
        optimizer.finish()
        if best is not None:
            best.look(done)


class Best:
    """The weights, and what else a network changes, that had the lowest loss on rows held out."""

    def __init__(self, ensemble: Ensemble, loss: Loss, held: Batch) -> None:
        self._ensemble, self._loss, self._held = ensemble, loss, held
        self._lowest = float("inf")
        self.evaluation = 0
        self.seen: dict[int, float] = {}
        self._keep()

    def look(self, evaluation: int) -> None:
        """Keeps the weights as they stand, if they are better."""
        value = self._ensemble.losses(self._loss, self._held).item()
        self.seen[evaluation] = value
        if value < self._lowest:  # never, for NaN
            self._lowest, self.evaluation = value, evaluation
            self._keep()

    def restore(self) -> None:
        self._ensemble.flat.copy_(self._weights)
        for name, tensor in self._ensemble.fixed.items():
            tensor.copy_(self._fixed[name])

    def _keep(self) -> None:
        self._weights = self._ensemble.flat.clone()
        self._fixed = {name: tensor.clone() for name, tensor in self._ensemble.fixed.items()}


def batches(rows: Batch, size: int | None, seed: int) -> Iterator[Batch]:
    """Without end: all rows, or `size` of them in an order that is drawn anew for each pass.

    Shape:
        rows: `(1, row, k)` each.
    """
    count = rows[0].shape[1]
    if size is None or size >= count:
        while True:
            yield rows
    source = stream("batches", seed)
    while True:
        order = torch.randperm(count, generator=source).to(rows[0].device)
        for some in order.split(size)[: count // size]:
            yield tuple(one[:, some] for one in rows)


def _untrained(
    make: Callable[[], nn.Module], dims: tuple[int, int], how: How
) -> tuple[Ensemble, nn.Module]:
    """An ensemble of one network, and the network.

    Raises:
        WrongShape: for outputs of another shape.
    """

    built: list[nn.Module] = []

    def started() -> nn.Module:
        built.append(make().to(how.dtype))
        return built[0]

    points = dims[1] + 1  # as many as outputs would let (out, point) pass
    example = torch.linspace(-1, 1, points, dtype=how.dtype).unsqueeze(1).expand(-1, dims[0])
    member = Member(how.seed, how.rate)
    ensemble = Ensemble([started], [member], example.unsqueeze(0), device=how.device)
    shape = tuple(ensemble.predict(example).shape[1:])
    if shape != (points, dims[1]):
        wanted = f"({points}, {dims[0]}) want ({points}, {dims[1]})"
        raise WrongShape(f"for points {wanted}, got {shape}: mend the model's build")
    return ensemble, built[0]


def _placed(rows: Batch, ensemble: Ensemble) -> Batch:
    """`(1, row, k)` each; rows lie side by side in memory, as layers take them."""
    return tuple(
        one.to(ensemble.device, ensemble.flat.dtype).mT.contiguous().mT.unsqueeze(0) for one in rows
    )


def fitting(model: Model, dims: tuple[int, int], budget: int) -> Callable[[], nn.Module]:
    """Builds a network of the model.

    Raises:
        DoesNotFit: when called, if the model has no network so small.
        ValueError: if it has one above the budget all the same, or one without trainable numbers.
    """

    def make() -> nn.Module:
        try:
            network = model.build(*dims, budget)
        except DoesNotFit as error:
            advice = "raise parameters, or choose another model"
            raise DoesNotFit(f"{error} for {dims[0]} inputs, {dims[1]} outputs: {advice}") from None
        if not 0 < (count := trainable(network)) <= budget:
            raise ValueError(f"want 1 to {budget} trainable numbers, got {count}: raise parameters")
        return network

    return make
