"""What a recipe adds to the loss of a stage: terms on points and numbers of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import NamedTuple

from torch import Tensor

from kansci.losses import program_of
from kansci.task import Batch, Loss, Predict

Term = Callable[[Predict, Batch, Batch], Tensor]


class Addition(NamedTuple):
    """One term, for one network, and what it is computed from.

    Attributes:
        term: `term(predict, batch, own)`, a scalar; `batch` is the stage's and `own` what the
            addition brought. Terms that do the same are one object, so that they are one program.
        own: from the batch `(member, ...)` of all members to tensors `(member, ...)`; asked
            anew whenever points are drawn.
    """

    term: Term
    own: Callable[[Batch], Batch]


def with_additions(loss: Loss, batch: Batch, additions: Sequence[Addition]) -> tuple[Loss, Batch]:
    """The loss and the batch `(member, ...)` of a stage, with all that is added to them."""
    if not additions:
        return loss, batch
    # Side by side in memory: a compiled program reads members at the stride of the first.
    owned = [[one.contiguous() for one in addition.own(batch)] for addition in additions]
    counts = (len(batch), *map(len, owned))
    terms = tuple(addition.term for addition in additions)
    return _sum(program_of(loss), terms, counts), (*batch, *(one for own in owned for one in own))


@cache
def _sum(loss: Loss, terms: tuple[Term, ...], counts: tuple[int, ...]) -> Loss:
    """One object for equal parts: compiled programs are kept by the loss they compute."""

    def total(predict: Predict, *tensors: Tensor) -> Tensor:
        parts, start = [], 0
        for count in counts:
            parts.append(tensors[start : start + count])
            start += count
        batch, *owned = parts
        value = loss(predict, *batch)
        for term, own in zip(terms, owned, strict=True):
            value = value + term(predict, batch, own)
        return value

    return total
