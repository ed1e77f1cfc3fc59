r"""Sums of functions with a gradient of their own: less is computed, and less is kept.

Autograd keeps what each operation of a basis was given and goes back through all of them. A basis
that is its `own` fills one tensor with its functions in place, and pulls a cotangent back to its
inputs in closed form. That is for one network, run as it is: whoever lifts, compiles or asks for
forward derivatives gets `rows`, and so does whoever differentiates the gradient again.
"""

from itertools import chain, islice
from operator import is_not
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch._C._functorch import is_legacy_batchedtensor
from torch.autograd import forward_ad
from torch.func import functional_call

from kansci.bases.basis import Basis
from kansci.bases.local import fused

FEW = 1 << 17  # numbers that are computed at once,
MANY = 1 << 20  # if there are more than these


def alone(x: Tensor, *own: Tensor | None) -> bool:
    """Whether an own gradient serves: one network, nothing recorded, numbers of one kind.

    Weights that are no parameters are lent by `functional_call`: when it comes to the gradient, the
    module will have others.
    """
    if torch._C._are_functorch_transforms_active() or fused():
        return False
    if forward_ad._current_level >= 0 or torch._C._is_any_autocast_enabled():
        return False
    dtype, device = x.dtype, x.device
    return all(
        one is None
        or (isinstance(one, nn.Parameter) and one.dtype == dtype and one.device == device)
        for one in own
    )


def recorded(cotangent: Tensor) -> bool:
    """Whether a backward pass is differentiated itself, or is one of several cotangents at once."""
    if torch.is_grad_enabled() or torch._C._are_functorch_transforms_active():
        return True
    return is_legacy_batchedtensor(cotangent)  # of `is_grads_batched`


def summed(basis: Basis, x: Tensor, coef: Tensor, bias: Tensor | None) -> Tensor:
    r"""$y_o = \sum_{i,k} c_{oik}\,\phi_k(x_i) + b_o$ for a basis that is its `own`.

    Shape:
        x: `(*, in)` to `(*, out)`.
        coef: `(out, in, size)`.
    """
    trained = basis.trained()
    asked = x.requires_grad or any(one.requires_grad for one in trained)
    keep = asked and torch.is_grad_enabled()
    return _Summed.apply(basis, keep, x, coef, bias, *trained)  # type: ignore[no-any-return]


class _Summed(torch.autograd.Function):
    """Keeps the functions, `(in * size, point)`, and what the basis asks for."""

    @staticmethod
    def forward(  # type: ignore[override]
        ctx: Any,
        basis: Basis,
        keep: bool,
        x: Tensor,
        coef: Tensor,
        bias: Tensor | None,
        *trained: Tensor,
    ) -> Tensor:
        points = _points(x)
        inputs, count = points.shape
        phi, weight = points.new_empty(inputs * basis.size, count), coef.flatten(1)
        more = _fill(basis, points, phi.view(inputs, basis.size, count), keep=keep)
        y = weight @ phi if bias is None else torch.addmm(bias.unsqueeze(-1), weight, phi)
        ctx.basis, ctx.count = basis, len(trained)
        ctx.save_for_backward(x, coef, bias, points, *trained, phi, *more)
        return y.mT if x.ndim == 2 else y.mT.reshape(*x.shape[:-1], len(coef))

    @staticmethod
    def backward(ctx: Any, cotangent: Tensor) -> tuple[Tensor | None, ...]:  # type: ignore[override]
        basis, needed = ctx.basis, ctx.needs_input_grad[2:]
        x, coef, bias, points, *rest = ctx.saved_tensors
        trained, (phi, *more) = rest[: ctx.count], rest[ctx.count :]
        # The basis may have been given other numbers since.
        if recorded(cotangent) or any(map(is_not, trained, basis.trained())):
            return None, None, *_again(basis, (x, coef, bias, *trained), needed, cotangent)
        back = cotangent.mT if x.ndim == 2 else cotangent.reshape(-1, len(coef)).mT  # (out, point)
        by_coef = (back @ phi.mT).view(coef.shape) if needed[1] else None
        by_bias = back.sum(-1) if needed[2] else None
        if not (needed[0] or any(needed[3:])):
            return None, None, None, by_coef, by_bias, *[None] * len(trained)
        functions = phi.view(len(points), basis.size, phi.shape[-1])
        own = (coef.flatten(1).mT @ back).view(functions.shape)
        by_x, *by_trained = _pull(basis, points, functions, tuple(more), own)
        by_x = by_x.mT if x.ndim == 2 else by_x.mT.reshape(x.shape)
        return None, None, by_x, by_coef, by_bias, *by_trained


def _points(x: Tensor) -> Tensor:
    """`(*, in)` to `(in, point)`, side by side in memory."""
    return (x if x.ndim == 2 else x.reshape(-1, x.shape[-1])).mT.contiguous()


def _fill(basis: Basis, x: Tensor, out: Tensor, *, keep: bool) -> tuple[Tensor, ...]:
    if not _large(basis, out):
        return basis.fill(x, out, keep=keep)
    shares = [basis.fill(x[some], out[some], keep=keep) for some in _some(out)]
    return tuple(chain.from_iterable(shares))


def _pull(
    basis: Basis, x: Tensor, out: Tensor, kept: tuple[Tensor, ...], cotangent: Tensor
) -> tuple[Tensor, ...]:
    if not _large(basis, out):
        return basis.pull(x, out, kept, cotangent)
    shares, rest = [], iter(kept)
    for some in _some(out):
        own = tuple(islice(rest, basis.keeps))
        shares += basis.pull(x[some], out[some], own, cotangent[some])
    return (torch.cat(shares),)


def _large(basis: Basis, out: Tensor) -> bool:
    """Whether several passes over all leave the cache, and inputs differ in their points alone."""
    return out.numel() > MANY and not basis.trained()


def _some(out: Tensor) -> list[slice]:
    """A few inputs at a time, which stay close to the processor."""
    step = max(1, FEW // out[0].numel())
    return [slice(first, first + step) for first in range(0, len(out), step)]


def _again(
    basis: Basis,
    given: tuple[Tensor | None, ...],
    needed: tuple[bool, ...],
    cotangent: Tensor,
) -> tuple[Tensor | None, ...]:
    """The gradient by autograd, from the start, so that it can be differentiated itself."""
    further = torch.is_grad_enabled()
    with torch.enable_grad():
        # Of what enters here alone, whatever the inputs depend on.
        x, coef, bias, *trained = (None if one is None else one.view_as(one) for one in given)
        assert x is not None
        assert coef is not None
        names = (name for name, _ in basis.named_parameters())
        own = dict(zip(names, cast(list[Tensor], trained), strict=True))
        phi = functional_call(basis, own, (x,))
        y = phi.flatten(-2) @ coef.flatten(1).mT
        y = y if bias is None else y + bias
        wanted = [one for one, ask in zip((x, coef, bias, *trained), needed, strict=True) if ask]
        wanted = cast(list[Tensor], wanted)
        found = iter(torch.autograd.grad(y, wanted, cotangent, create_graph=further))
    return tuple(next(found) if ask else None for ask in needed)
