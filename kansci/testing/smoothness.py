"""Laws of what a model declares: how many derivatives it has, and how many are continuous.

Both are measured along a slanted line through the domain. A derivative that is not continuous is
told from a steep one by scale: the line is cut finer and finer where neighbours differ most, and
a slope shrinks with the distance, while a jump stays.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor, nn

from kansci.testing.subject import Hint, Subject, said

TOP = 4  # the highest derivative that is looked at where all are declared
POINTS = 401  # of the line
SUSPECTS = 16  # pieces of the line that are looked at closely
CUTS, ZOOMS = 16, 4  # a piece is cut in 16, four times: to 1e-7 of the line
FLAT = 1e-6  # of the derivative before: less is rounding
JUMP = 1e-3  # of the whole range: a smaller one is not worth a declaration
ORDINALS = ("value", "first", "second", "third", "fourth", "fifth", "sixth")


class Line(NamedTuple):
    """A network along a line, `(t,)` to `(t,)`."""

    network: nn.Module
    start: Tensor
    slope: Tensor
    mix: Tensor

    def derivatives(self, t: Tensor, top: int) -> list[Tensor]:
        """The value and derivatives to the order `top`; fewer, where autograd gives no more."""
        t = t.detach().requires_grad_()
        found = [self.network(self.start + t.unsqueeze(-1) * self.slope) @ self.mix]
        while len(found) <= top:
            last = found[-1]
            if not last.requires_grad:
                found.append(torch.zeros_like(last))
                continue
            (one,) = torch.autograd.grad(
                last.sum(), t, create_graph=True, allow_unused=True, materialize_grads=True
            )
            found.append(one)
        return [one.detach() for one in found]


def line_of(subject: Subject) -> Line:
    network = subject.exact()
    spread = torch.linspace(0.93, 0.71, subject.dim_in, dtype=torch.double)
    start = torch.linspace(0.013, -0.017, subject.dim_in, dtype=torch.double)
    return Line(network, start, spread, subject.mix())


def derivatives(subject: Subject) -> Iterator[str]:
    """The declared derivatives are those that are not zero almost everywhere, and no fewer."""
    line, declared = line_of(subject), subject.model.derivatives
    last = TOP if declared is None else declared
    t = torch.linspace(-1, 1, POINTS, dtype=torch.double)
    try:
        found = line.derivatives(t, last + (declared is not None))
    except RuntimeError as error:
        yield (
            f"want {ORDINALS[last]} derivatives by autograd, as {_told(declared)}; got "
            f"{said(error)}: declare fewer"
        )
        return
    for order in range(1, last + 1):
        if _flat(found[order], found[order - 1]):
            yield (
                f"{_told(declared)}; want a {ORDINALS[order]} derivative that is not zero almost "
                f"everywhere, got zero: declare derivatives={order - 1}"
            )
            return
    if declared is not None and not _flat(found[last + 1], found[last]):
        size = found[last + 1].abs().max().item()
        yield (
            f"{_told(declared)}; want a {ORDINALS[last + 1]} derivative of zero, got up to "
            f"{size:.2g}: declare more, or None for all, so that tasks that take them apply"
        )


def continuity(subject: Subject) -> Iterator[str]:
    """The derivatives declared continuous do not jump."""
    line, model = line_of(subject), subject.model
    declared = model.continuous
    last = TOP if declared is None else declared
    last = last if model.derivatives is None else min(last, model.derivatives)
    for order in range(last + 1):
        try:
            size, where = jump(line, order)
        except RuntimeError:  # said by the law of derivatives
            return
        if size > JUMP:
            named = "value" if order == 0 else f"{ORDINALS[order]} derivative"
            declare = f"declare continuous={order - 1}" if order else "a network must not jump"
            yield (
                f"{_told(declared, 'continuous')}; want a {named} without jumps, got one by "
                f"{size:.2g} of its range near x = {where}: {declare}"
            )
            return
    more = declared is not None and declared == last <= TOP and model.applies(last + 1)
    if more and jump(line, last + 1)[0] <= JUMP:
        yield Hint(
            f"{_told(declared, 'continuous')}, and no jump of the {ORDINALS[last + 1]} "
            "derivative was found: perhaps more are continuous"
        )


def _told(declared: int | None, what: str = "derivatives") -> str:
    return f"the model declares {what}={declared}"


def _flat(one: Tensor, before: Tensor) -> bool:
    """Whether a derivative is zero at all but one in a hundred points."""
    small = one.abs() <= FLAT * before.abs().max().clamp(1e-12)
    return small.double().mean().item() > 0.99


def jump(line: Line, order: int) -> tuple[float, str]:
    """The largest jump of a derivative, relative to its range on the line, and where it is."""
    t = torch.linspace(-1, 1, POINTS, dtype=torch.double)
    values = line.derivatives(t, order)[order]
    gaps = values.diff()
    odd = (gaps[1:-1] - (gaps[:-2] + gaps[2:]) / 2).abs()  # what a slope does not explain
    left = t[1 + odd.topk(SUSPECTS).indices]
    width = (t[1] - t[0]).item()
    cuts = torch.linspace(0, 1, CUTS + 1, dtype=torch.double)
    size = before = torch.zeros(SUSPECTS, dtype=torch.double)
    for _ in range(ZOOMS):
        fine = left.unsqueeze(-1) + width * cuts  # (suspect, cut)
        steps = line.derivatives(fine.flatten(), order)[order].view(fine.shape).diff().abs()
        before, (size, place) = size, steps.max(-1)
        left, width = fine.gather(-1, place.unsqueeze(-1)).squeeze(-1), width / CUTS
    size = torch.where(size > before / 2, size, 0.0)
    worst = size.argmax()
    x = (line.start + left[worst] * line.slope).tolist()
    spread = (values.max() - values.min()).clamp(1e-12)
    return (size[worst] / spread).item(), f"({', '.join(f'{one:.3f}' for one in x)})"
