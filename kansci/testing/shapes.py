"""Laws of shape: what goes in, what comes out, and that points do not meet."""

from __future__ import annotations

import re
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from kansci.draws import Draws
from kansci.lifting.stacked import refuse_complex
from kansci.testing.subject import Subject, near, said

LEADING = ((), (5,), (2, 4))
ROWS = 11  # a number that no other size is likely to be


def runs(subject: Subject) -> Iterator[str]:
    """It builds within the budget and maps (5, in) to (5, out)."""
    network = subject.built()
    try:
        refuse_complex(network)
    except ValueError as error:
        yield str(error)
        return
    network = network.to(subject.dtype)
    x, wanted = subject.points(5), (5, subject.dim_out)
    y = network.eval()(x)
    if not isinstance(y, Tensor):
        yield f"want a tensor {wanted} for points {tuple(x.shape)}, got {type(y).__name__}"
    elif tuple(y.shape) != wanted:
        yield f"want {wanted} for points {tuple(x.shape)}, got {tuple(y.shape)}"
    elif not y.isfinite().all():
        yield f"want finite numbers on [-1, 1], got {int((~y.isfinite()).sum())} that are not"


def shapes(subject: Subject) -> Iterator[str]:
    """Leading dimensions (), (5,) and (2, 4) give the values of the same points in a row."""
    network = subject.moved()
    for leading in LEADING:
        x = subject.points(*leading)
        wanted, where = (*leading, subject.dim_out), f"for points {tuple(x.shape)}"
        try:
            y = network(x)
        except Exception as error:
            yield f"want {wanted} {where}, got {said(error)}: treat all but the last as points"
            continue
        if tuple(y.shape) != wanted:
            yield f"want {wanted} {where}, got {tuple(y.shape)}: append only the last dimension"
        elif not near(y, network(x.reshape(-1, subject.dim_in)).reshape(wanted)):
            yield f"want the values of points in a row {where}, got others: do not mix dimensions"


def refusal(subject: Subject) -> Iterator[str]:
    """A wrong last dimension is refused with an error that shows wanted and got."""
    network = subject.moved()
    for wrong in {1, subject.dim_in + 5} - {subject.dim_in}:
        x = torch.zeros(ROWS, wrong, dtype=subject.dtype)
        advice = f'raise ValueError(f"want x (*, {subject.dim_in}), got {{tuple(x.shape)}}")'
        try:
            y = network(x)
        except (ValueError, RuntimeError) as error:  # torch's own layers raise the second
            text = str(error)
            if not (_shows(text, subject.dim_in) and _shows(text, wrong)):
                yield (
                    f"want an error that shows {subject.dim_in} and {wrong} for points "
                    f"({ROWS}, {wrong}), got {said(error)}: {advice}"
                )
        except Exception as error:
            yield f"want a ValueError for points ({ROWS}, {wrong}), got {said(error)}: {advice}"
        else:
            got = tuple(y.shape)
            yield f"want a ValueError for points ({ROWS}, {wrong}), got values {got}: {advice}"


def _shows(text: str, number: int) -> bool:
    return re.search(rf"(?<!\d){number}(?!\d)", text) is not None


def apartness(subject: Subject) -> Iterator[str]:
    """Points do not meet: another point changes no output but its own, in training either."""
    network = subject.moved()
    x = subject.points(6)
    other = x.clone()
    other[2] += 3.0  # far enough to be the largest in a batch
    for mode in ("evaluation", "training"):
        network.train(mode == "training")
        before, after = _drawn_alike(network, x), _drawn_alike(network, other)
        rest = [0, 1, 3, 4, 5]
        if not near(before[rest], after[rest]):
            size = (before - after)[rest].abs().max().item()
            yield (
                f"want the other points as they were when one moves, in {mode}; got changes up to "
                f"{size:.2g}: leave out what is computed over a batch (BatchNorm, mean, max)"
            )


def _drawn_alike(network: nn.Module, x: Tensor) -> Tensor:
    with Draws("forward"), torch.no_grad():
        return network(x)
