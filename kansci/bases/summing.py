r"""Sums of functions with a gradient of their own: less is computed, and less is kept.

Autograd keeps what each operation of a basis was given and goes back through all of them. A basis
that is its `own` fills one tensor with its functions in place, and pulls a cotangent back to its
inputs in closed form. That is for one network, run as it is: whoever lifts, compiles or asks for
forward derivatives gets `rows`, and so does whoever differentiates the gradient again.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd import forward_ad
from torch.func import functional_call

from kansci.bases.basis import Basis
from kansci.bases.local import fused


def alone(*given: Tensor | None) -> bool:
    """Whether an own gradient serves: one network, nothing recorded, numbers of one kind."""
    if torch._C._are_functorch_transforms_active() or fused():
        return False
    if forward_ad._current_level >= 0 or torch._C._is_any_autocast_enabled():
        return False
    return len({(one.dtype, one.device) for one in given if one is not None}) == 1


def summed(basis: Basis, x: Tensor, coef: Tensor, bias: Tensor | None) -> Tensor:
    r"""$y_o = \sum_{i,k} c_{oik}\,\phi_k(x_i) + b_o$ for a basis that is its `own`.

    Shape:
        x: `(*, in)` to `(*, out)`.
        coef: `(out, in, size)`.
    """
    return _Summed.apply(basis, x, coef, bias, *basis.trained())  # type: ignore[no-any-return]


class _Summed(torch.autograd.Function):
    """Keeps the functions, `(in, size, point)`, and what the basis asks for."""

    @staticmethod
    def forward(  # type: ignore[override]
        ctx: Any, basis: Basis, x: Tensor, coef: Tensor, bias: Tensor | None, *trained: Tensor
    ) -> Tensor:
        points = x.reshape(-1, x.shape[-1]).mT.contiguous()
        phi = points.new_empty(len(points), basis.size, points.shape[-1])
        more = basis.fill(points, phi)
        weight, flat = coef.flatten(1), phi.flatten(0, 1)
        y = weight @ flat if bias is None else torch.addmm(bias.unsqueeze(-1), weight, flat)
        ctx.basis, ctx.count = basis, len(trained)
        ctx.save_for_backward(x, coef, bias, *trained, phi, *more)
        return y.mT.reshape(*x.shape[:-1], len(coef))

    @staticmethod
    def backward(ctx: Any, cotangent: Tensor) -> tuple[Tensor | None, ...]:  # type: ignore[override]
        x, coef, bias, *rest = ctx.saved_tensors
        trained, (phi, *more) = rest[: ctx.count], rest[ctx.count :]
        needed = ctx.needs_input_grad
        if torch.is_grad_enabled() or torch._C._are_functorch_transforms_active():
            return None, *_again(ctx.basis, (x, coef, bias, *trained), needed[1:], cotangent)
        weight, flat = coef.flatten(1), phi.flatten(0, 1)
        back = cotangent.reshape(-1, len(coef)).mT  # (out, point)
        found: list[Tensor | None] = [None] * len(needed)
        if needed[2]:
            found[2] = (back @ flat.mT).view(coef.shape)
        if needed[3]:
            found[3] = back.sum(-1)
        if needed[1] or any(needed[4:]):
            points = x.reshape(-1, x.shape[-1]).mT.contiguous()
            pulled = ctx.basis.pull(points, phi, tuple(more), (weight.mT @ back).view(phi.shape))
            found[1] = pulled[0].mT.reshape(x.shape)
            found[4:] = pulled[1:]
        return tuple(found)


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
        phi = functional_call(basis, dict(zip(names, trained, strict=True)), (x,))
        y = phi.flatten(-2) @ coef.flatten(1).mT
        y = y if bias is None else y + bias
        wanted = [one for one, ask in zip((x, coef, bias, *trained), needed, strict=True) if ask]
        found = iter(torch.autograd.grad(y, wanted, cotangent, create_graph=further))
    return tuple(next(found) if ask else None for ask in needed)
