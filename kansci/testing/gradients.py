"""Laws of derivatives: those of autograd are those of differences, and those of jets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import torch
from torch import Tensor, nn

from kansci.calculus import Axes, Network, Sum, derivatives
from kansci.jets import Jet
from kansci.rules import carry
from kansci.sampling import stream
from kansci.testing.subject import DoesNotApply, Subject, apart, near, said

STEPS = (1e-5, 1e-7)  # the second where the first is too wide for a fine grid, or spans a kink
DIRECTIONS = 3  # most of which have to agree
CLOSE = 1e-4
Scalar = Callable[[], Tensor]


def gradient(subject: Subject) -> Iterator[str]:
    """Gradients by inputs and weights, first and second, are those of central differences."""
    network, x = subject.exact(), subject.points(16).requires_grad_()
    weights: dict[str, Tensor] = {n: w for n, w in network.named_parameters() if w.requires_grad}
    every = {"the inputs": x, **weights}
    along = {name: _direction(one, name) for name, one in every.items()}
    share = _direction(network(x), "share") * subject.mix()

    def outputs() -> Tensor:
        return (share * network(x)).sum()

    def slope(names: list[str]) -> Tensor:
        found = _grad(outputs(), [every[name] for name in names], create_graph=True)
        return torch.stack([(g * along[n]).sum() for n, g in zip(names, found, strict=True)]).sum()

    wrong = [*_disagreements("outputs", outputs, every)]
    if subject.model.applies(2) and not wrong:  # second ones of a wrong gradient say no more
        inputs, trained = partial(slope, ["the inputs"]), partial(slope, list(weights))
        wrong += _disagreements("first derivatives by the inputs", inputs, every)
        wrong += _disagreements("first derivatives by the weights", trained, weights)
    yield from wrong


def _disagreements(what: str, scalar: Scalar, tensors: dict[str, Tensor]) -> Iterator[str]:
    try:
        found = _grad(scalar(), list(tensors.values()))
    except Exception as error:
        yield f"want {what} that autograd can differentiate, got {said(error)}"
        return
    wrong = []
    for (name, tensor), own in zip(tensors.items(), found, strict=True):
        pairs = [_pair(scalar, tensor, own, index) for index in range(DIRECTIONS)]
        off = [pair for pair in pairs if not _agree(*pair)]
        if len(off) > DIRECTIONS / 2:
            wrong.append((name, *off[0]))
    if wrong:
        name, got, wanted = wrong[0]
        times = f", {got / wanted:.3g} times that" if wanted else ""
        more = f" (and by {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        yield (
            f"want the gradient of {what} by {name}{more} to be {wanted:.4g}, by central "
            f"differences; got {got:.4g}{times}: look for detach, no_grad or a backward of your own"
        )


def _pair(scalar: Scalar, tensor: Tensor, own: Tensor, index: int) -> tuple[float, float]:
    """Along one direction: the slope of autograd, and that of differences."""
    along = _direction(tensor, f"{index}")
    got, wanted = (own * along).sum().item(), float("nan")
    for step in STEPS:
        wanted = _difference(scalar, tensor, along, step)
        if _agree(got, wanted):
            break
    return got, wanted


def _difference(scalar: Scalar, tensor: Tensor, along: Tensor, step: float) -> float:
    kept = tensor.detach().clone()
    try:
        ends = []
        for sign in (1, -1):
            tensor.data.copy_(kept + sign * step * along)
            ends.append(scalar().item())
    finally:
        tensor.data.copy_(kept)
    return (ends[0] - ends[1]) / (2 * step)


def _agree(got: float, wanted: float) -> bool:
    return abs(got - wanted) <= CLOSE * max(abs(got), abs(wanted), 1e-2)


def _grad(value: Tensor, by: list[Tensor], create_graph: bool = False) -> tuple[Tensor, ...]:
    if not value.requires_grad:
        return tuple(torch.zeros_like(one) for one in by)
    return torch.autograd.grad(
        value, by, create_graph=create_graph, allow_unused=True, materialize_grads=True
    )


def _direction(like: Tensor, purpose: str) -> Tensor:
    draws = stream(f"direction {purpose}")
    return torch.randn(like.shape, generator=draws, dtype=torch.double).to(like.dtype)


def jets(subject: Subject) -> Iterator[str]:
    """Derivatives that travel forward as jets are those of autograd, first and second."""
    top = 2 if subject.model.applies(2) else 1
    if not subject.model.applies(1):
        raise DoesNotApply("the model declares no derivatives")
    network, x, mix = subject.exact(), subject.points(12), subject.mix()
    axes = range(subject.dim_in)
    wanted: list[Axes | Sum] = [(), *((i,) for i in axes)]
    if top == 2:
        wanted += [(i, j) for i in axes for j in axes if i <= j]
        wanted.append(Sum(tuple((1.0 + i, (i, i)) for i in axes)))
    try:
        found = derivatives(Network(network, _call), x, wanted)
    except Exception as error:
        yield (
            f"want derivatives by torch.func for equations, got {said(error)}: use functions that "
            "torch.func.jvp knows, or declare how many derivatives there are"
        )
        return
    for what, own, right in zip(wanted, found, _reverse(network, x, wanted, mix), strict=True):
        if not near(own @ mix, right):
            parts = sorted({type(part).__name__ for part in network.modules()})
            away = f"{apart(own @ mix, right):.2g} of the largest away"
            yield (
                f"want {_named(what)} of autograd, got one that is {away}: mend the rule by which "
                f"jets pass one of {', '.join(parts)}"
            )
            return


def _named(what: Axes | Sum) -> str:
    if isinstance(what, Sum):
        return "the sum of second derivatives"
    order = ("value", "first derivative", "second derivative")[len(what)]
    return f"the {order} by inputs {what}" if what else "the value"


def _call(module: nn.Module, given: tuple[object, ...]) -> object:
    (x,) = given
    return carry(module, x) if isinstance(x, Jet) else module(x)


def _reverse(network: nn.Module, x: Tensor, wanted: list[Axes | Sum], mix: Tensor) -> list[Tensor]:
    """The same of the mixed outputs, backward twice, `(point,)` each.

    Backward, as forward over forward through torch's own LayerNorm is wrong (2.13).
    """
    x = x.detach().requires_grad_()
    value = network(x) @ mix
    first = _grad(value.sum(), [x], create_graph=True)[0]
    second = [_grad(one.sum(), [x], create_graph=True)[0] for one in first.unbind(-1)]

    def read(one: Axes | Sum) -> Tensor:
        if isinstance(one, Sum):
            return torch.stack([weight * read(pair) for weight, pair in one.terms]).sum(0)
        return (
            value if not one else first[:, one[0]] if len(one) == 1 else second[one[0]][:, one[1]]
        )

    return [read(one).detach() for one in wanted]
