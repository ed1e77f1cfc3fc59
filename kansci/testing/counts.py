"""Laws of counting: every number is counted, none is idle, and budgets are kept."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from kansci.errors import DoesNotFit
from kansci.models import trainable
from kansci.task import Predict
from kansci.testing.subject import Hint, Subject

BUDGETS = (250, 1_000, 4_000, 16_000)
STEPS = 3  # of training, after which whatever adapts has adapted
SEEDS = (0, 3, 4, 5)
REACHES = (1.0, 3.0)


def counts(subject: Subject) -> Iterator[str]:
    """At 250, 1 000, 4 000 and 16 000 it keeps the budget, counting all that trains or differs."""
    dims = subject.dim_in, subject.dim_out
    for budget in sorted({*BUDGETS, subject.parameters}):
        examined = budget == subject.parameters
        try:
            one = subject if examined else Subject(subject.model, *dims, budget)
            found = trainable(one.built())
        except DoesNotFit:
            continue
        if not 0 < found <= budget:
            yield (
                f"want 1 to {budget} trainable numbers at a budget of {budget}, got {found}: raise "
                "DoesNotFit where no network is small enough"
            )
    yield from _hidden(subject)


def _hidden(subject: Subject) -> Iterator[str]:
    """Numbers beside the trained ones that differ between seeds or change in training."""
    ensemble = subject.ensemble(SEEDS[:2])
    x, y = subject.points(2, 16), subject.points(2, 16, purpose="answers")[..., :1]

    def loss(predict: Predict, x: Tensor, y: Tensor) -> Tensor:
        return (predict(x) - y).square().mean()

    step = ensemble.gradients(loss)
    for _ in range(STEPS):
        gradient = step(ensemble.flat, *ensemble.fixed.values(), x, y)[0]
        ensemble.flat -= 1e-2 * gradient / gradient.abs().max().clamp(1e-12)
    trained, hidden = ensemble.parameters_of_one, ensemble.adapted()
    if trained + hidden > subject.parameters:
        yield (
            f"want at most {subject.parameters} numbers that training changes or that differ "
            f"between seeds, got {trained} trainable and {hidden} that are not: random features "
            "and running statistics count, so build a narrower network"
        )
    elif hidden:
        yield Hint(f"{trained} trainable numbers, and {hidden} that are not but count as well")


def used(subject: Subject) -> Iterator[str]:
    """Every trainable number has a gradient for some inputs."""
    idle: dict[str, Tensor] = {}
    for seed in SEEDS:
        network = subject.moved(seed).train()
        for reach in REACHES:
            network.zero_grad()
            x = subject.points(64, reach=reach)
            y = network(x)
            share = torch.linspace(0.5, 1.5, y.numel(), dtype=y.dtype).view(y.shape)
            (y * share).sum().backward()
            for name, weight in network.named_parameters():
                if weight.requires_grad:
                    zero = torch.ones_like(weight) if weight.grad is None else weight.grad == 0
                    idle[name] = idle.get(name, zero.bool()) & zero.bool()
    dead = {name: one.numel() for name, one in idle.items() if one.all()}
    if dead:
        names = ", ".join(f"{name} ({count})" for name, count in dead.items())
        yield (
            f"want a gradient for every trainable number, got none for {sum(dead.values())}: "
            f"{names}; leave them out, or make them buffers, as they count"
        )
    for name, one in idle.items():
        if 2 * one.sum() > one.numel() > one.sum():
            yield Hint(f"{int(one.sum())} of {one.numel()} numbers of {name} had no gradient")
