"""Laws of numbers: both dtypes, and inputs far from the domain."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from kansci.testing.subject import Subject, apart, said

CLOSE = 1e-4  # of float32 to float64, relative; a basis that cancels loses more
FAR = (2.0, 10.0, 1e3, 1e4)


def dtypes(subject: Subject) -> Iterator[str]:
    """It runs in float32 and in float64, and the two agree."""
    if subject.precision:
        yield (
            f"want float64 after `.double()`; the network {subject.precision}: name no dtype, make "
            "constants buffers, and let new tensors follow x (x.new_zeros)"
        )
    x = subject.points(64).float()
    single = subject.moved(dtype=torch.float32)
    try:
        y = single(x)
        y.sum().backward()
    except Exception as error:
        yield f"want float32 to run, got {said(error)}: name no dtype in the network"
        return
    if y.dtype != torch.float32:
        yield f"want float32 for points in float32, got {y.dtype}: name no dtype in the network"
    elif not subject.precision:
        off = apart(y.double(), single.double()(x.double()))
        if off > CLOSE:
            yield (
                f"want float32 within {CLOSE:g} of float64, got {off:.2g} of the largest value: "
                "look for differences of large numbers"
            )


def far(subject: Subject) -> Iterator[str]:
    """Inputs of size 2, 10, 1e3 and 1e4 have finite values and gradients."""
    for dtype in (torch.float32, torch.float64):
        network = subject.moved(dtype=dtype)
        try:
            network(subject.points(1).to(dtype))
        except Exception:  # said by the law of dtypes
            continue
        for size in FAR:
            x = _far_points(subject, size).to(dtype).requires_grad_()
            y = network(x)
            if not y.isfinite().all():
                yield _lost("values", dtype, size, "clamp or saturate what overflows")
                break
            weights = {n: w for n, w in network.named_parameters() if w.requires_grad}
            found = torch.autograd.grad(
                y.sum(), [x, *weights.values()], allow_unused=True, materialize_grads=True
            )
            bad = [
                name
                for name, one in zip(("the inputs", *weights), found, strict=True)
                if not one.isfinite().all()
            ]
            if bad:
                advice = "torch.where also differentiates the side that it does not take"
                yield _lost(f"gradients by {_listed(bad)}", dtype, size, advice)
                break


def _far_points(subject: Subject, size: float) -> Tensor:
    """Every corner of one sign, and points of which one input alone is far."""
    near = subject.points(subject.dim_in).double()
    alone = torch.where(torch.eye(subject.dim_in, dtype=torch.bool), torch.tensor(size), near)
    corner = torch.full((1, subject.dim_in), size, dtype=torch.double)
    return torch.cat([corner, -corner, alone, alone * (1 - 2 * torch.eye(subject.dim_in))])


def _lost(what: str, dtype: torch.dtype, size: float, advice: str) -> str:
    return f"want finite {what} at |x| = {size:g} in {str(dtype)[6:]}, got NaN or inf: {advice}"


def _listed(names: list[str]) -> str:
    return ", ".join(names[:2]) + (f" and {len(names) - 2} more" if len(names) > 2 else "")
