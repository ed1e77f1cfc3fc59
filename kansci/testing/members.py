"""The law of lifting: members train together, each as it would alone."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from kansci.calculus import Sum, derivatives
from kansci.lifting.ensemble import Ensemble
from kansci.task import Predict
from kansci.testing.subject import Subject, apart, near, said

SEEDS = (3, 4, 5)
NAN = float("nan")
EVERY = slice(None)


def members(subject: Subject) -> Iterator[str]:
    """Lifted over members it has the gradients of a loop, and those it has alone beside NaN."""
    try:
        yield from _compared(subject)
    except Exception as error:
        loss = "with second derivatives by the inputs" if _bends(subject) else "of the outputs"
        yield (
            f"want gradients of a loss {loss}, in training, got {said(error)}: use functions that "
            "torch.func knows, and change no buffer in place (BatchNorm does)"
        )


def _compared(subject: Subject) -> Iterator[str]:
    together, alone = subject.ensemble(SEEDS), subject.ensemble(SEEDS[1:2])
    if together.lifted:
        lifted = _gradients(subject, together, EVERY)
        together.lifted = False
        looped = _gradients(subject, together, EVERY)
        together.lifted = True
        if not near(lifted, looped):
            yield (
                f"want the gradients of a loop when lifted, got {apart(lifted, looped):.2g} of the "
                "largest away: let nothing depend on the shape of what vmap hides"
            )
    elif not _draws(subject):
        yield (
            f"want a network that torch.vmap lifts, got {_reason(subject, together)}: members will "
            "be looped over, with the same numbers, as many times slower as there are; avoid "
            "in-place changes, .item() and control flow on data"
        )
    together.flat[2] = NAN
    beside = _gradients(subject, together, EVERY)[1:2]
    own = _gradients(subject, alone, slice(1, 2))
    if not near(beside, own):
        away = f"{apart(beside, own):.2g} of the largest away"
        yield (
            f"want the gradient that a member has alone, beside one of NaN too; got one that is "
            f"{away}: keep no state outside of the module"
        )


def _bends(subject: Subject) -> bool:
    """Whether equations train the network, through its second derivatives."""
    return subject.model.applies(2) and not subject.precision


def _gradients(subject: Subject, ensemble: Ensemble, among: slice) -> Tensor:
    """`(member, n)`, of points that differ between members; buffers stay as they are."""
    x = subject.points(3, 8, purpose="members")[among]
    y = subject.points(3, 8, purpose="answers")[among][..., :1]
    fixed = [tensor.clone() for tensor in ensemble.fixed.values()]

    def loss(predict: Predict, x: Tensor, y: Tensor) -> Tensor:
        if not _bends(subject):
            return (predict(x) - y).square().mean()
        laplacian = Sum(tuple((1.0, (i, i)) for i in range(subject.dim_in)))
        value, bend = derivatives(predict, x, [(), laplacian])
        return (value - y).square().mean() + (bend - y).square().mean()

    return ensemble.gradients(loss)(ensemble.flat, *fixed, x, y)[0]


def _draws(subject: Subject) -> bool:
    """Whether it draws random numbers as it trains; such a network is looped on purpose."""
    network, x = subject.moved().train(), subject.points(6)
    with torch.no_grad():
        return not torch.equal(network(x), network(x))


def _reason(subject: Subject, ensemble: Ensemble) -> str:
    ensemble.lifted = True
    try:
        _gradients(subject, ensemble, EVERY)
    except Exception as error:
        return said(error)
    finally:
        ensemble.lifted = False
    return "draws that members would share"
