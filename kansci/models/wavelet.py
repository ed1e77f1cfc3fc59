r"""Wavelets with a scale and a shift on each edge.

Source: Bozorgasl and Chen 2024, "Wav-KAN: Wavelet Kolmogorov-Arnold Networks", arXiv:2405.12832.
We differ: the scale is the exponential of a trained number, so that it stays positive and nothing
is divided by it; there is no BatchNorm on the outputs, but a bias, and no weight without an
effect; the Mexican hat has its peak upwards, while the authors' code turns it over; shifts start
spread over [-1, 1] and not all in 0.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, cast

import torch
from torch import Tensor, nn

from kansci.bases.summing import alone
from kansci.models.layer import EdgeLayer, points_first, points_last
from kansci.models.start import balance

HEIGHT = 2 / (3**0.5 * torch.pi**0.25)  # of the Mexican hat, whose square has then the integral 1
FREQUENCY = 5.0  # of Morlet's wave
FEW = 1 << 16  # numbers that are computed at once

Wavelet = Callable[[Tensor, int], tuple[Tensor, ...]]


class Wavelets(EdgeLayer):
    r"""Sums of wavelets, $y_o = \sum_i w_{oi}\,\psi\big((x_i - t_{oi})\,e^{r_{oi}}\big) + b_o$.

    A scale and a shift of its own for each edge: nothing is shared between the outputs, so a layer
    costs in x out wavelets a point, and no matrix product.

    Args:
        wavelet: one of `WAVELETS`.

    Raises:
        ValueError: for any other name.
    """

    def __init__(self, dim_in: int, dim_out: int, *, wavelet: str = "mexican-hat") -> None:
        super().__init__(dim_in, dim_out, bias=True)
        if wavelet not in WAVELETS:
            raise ValueError(f"want a wavelet out of {sorted(WAVELETS)}, got {wavelet=}")
        self.wavelet = wavelet
        self.weight = nn.Parameter(torch.randn(dim_out, dim_in))
        self.shift = nn.Parameter(2 * torch.rand(dim_out, dim_in) - 1)
        self.rate = nn.Parameter(torch.zeros(dim_out, dim_in))  # minus the logarithm of the scale
        balance(self, self.weight)

    def edges(self, x: Tensor, order: int) -> tuple[Tensor, ...]:
        return waves(WAVELETS[self.wavelet], x, (self.weight, self.shift, self.rate), order)

    def forward(self, x: Tensor) -> Tensor:
        given = x, self.weight, self.shift, self.rate
        if self.kept is not None or not alone(*given, self.bias):
            return super().forward(x)
        self.check(x)
        y = cast(Tensor, _Waves.apply(WAVELETS[self.wavelet], *given))
        return y if self.bias is None else y + self.bias


def waves(
    wavelet: Wavelet, x: Tensor, numbers: tuple[Tensor, Tensor, Tensor], order: int
) -> tuple[Tensor, ...]:
    """The functions of edges and their derivatives, `(in, out, point)` each.

    Args:
        numbers: weight, shift and rate, `(out, in)` each.
    """
    weight, shift, rate = (one.mT.unsqueeze(-1) for one in numbers)  # (in, out, 1)
    rate = rate.exp()
    t = torch.addcmul(-shift * rate, x.unsqueeze(-2), rate)  # (in, out, point), in one pass
    found = []
    for row in wavelet(t, order):
        found.append(weight * row)
        weight = weight * rate
    return tuple(found)


class _Waves(torch.autograd.Function):
    """The sum over inputs, `(*, out)`; nothing of all edges and points is kept, or ever there.

    Some inputs at a time pass, so that what belongs to them stays close to the processor.
    """

    @staticmethod
    def forward(  # type: ignore[override]
        ctx: Any, wavelet: Wavelet, x: Tensor, weight: Tensor, shift: Tensor, rate: Tensor
    ) -> Tensor:
        ctx.wavelet = wavelet
        ctx.save_for_backward(x, weight, shift, rate)
        points = points_last(x).contiguous()
        y = points.new_zeros(len(weight), points.shape[-1])
        for some in _slices(points, len(weight)):
            t, scale = _placed(points[some], shift[:, some], rate[:, some])
            (rows,) = wavelet(t, 0)
            y += rows.mul_(weight[:, some].mT.unsqueeze(-1)).sum(0)
        return points_first(y, x)

    @staticmethod
    def backward(ctx: Any, cotangent: Tensor) -> tuple[Tensor | None, ...]:  # type: ignore[override]
        x, *numbers = ctx.saved_tensors
        if torch.is_grad_enabled() or torch._C._are_functorch_transforms_active():
            return None, *_again(ctx.wavelet, (x, *numbers), ctx.needs_input_grad[1:], cotangent)
        weight, shift, rate = numbers
        points, back = points_last(x).contiguous(), points_last(cotangent).contiguous()
        by_x = torch.empty_like(points)
        found = [torch.empty_like(one.mT) for one in numbers]  # (in, out)
        for some in _slices(points, len(weight)):
            near, w = points[some], weight[:, some].mT
            t, scale = _placed(near, shift[:, some], rate[:, some])
            value, slope = ctx.wavelet(t, 1)
            found[0][some] = value.mul_(back).sum(-1)
            slope.mul_(back)
            scale = scale.squeeze(-1)
            by_x[some] = ((w * scale).unsqueeze(1) @ slope).squeeze(1)
            by_t = slope.sum(-1).mul_(w)
            found[1][some] = by_t.mul_(scale).neg_()
            found[2][some] = slope.mul_(t).sum(-1).mul_(w)
        return None, points_first(by_x, x), *(one.mT for one in found)


def _slices(points: Tensor, outputs: int) -> list[slice]:
    """Of the inputs, so that few numbers belong to one."""
    step = max(1, FEW // max(1, outputs * points.shape[-1]))
    return [slice(first, first + step) for first in range(0, len(points), step)]


def _placed(x: Tensor, shift: Tensor, rate: Tensor) -> tuple[Tensor, Tensor]:
    """Where points lie on the wavelets, `(in, out, point)`, and inverse scales, `(in, out, 1)`."""
    scale = rate.mT.unsqueeze(-1).exp()
    return torch.addcmul(-shift.mT.unsqueeze(-1) * scale, x.unsqueeze(-2), scale), scale


def _again(
    wavelet: Wavelet,
    given: tuple[Tensor, ...],
    needed: tuple[bool, ...],
    cotangent: Tensor,
) -> tuple[Tensor | None, ...]:
    """The gradient by autograd, from the start, so that it can be differentiated itself."""
    further = torch.is_grad_enabled()
    with torch.enable_grad():
        x, *numbers = (one.view_as(one) for one in given)  # of what enters here alone
        y = points_first(waves(wavelet, points_last(x), tuple(numbers), 0)[0].sum(0), x)
        wanted = [one for one, ask in zip((x, *numbers), needed, strict=True) if ask]
        found = iter(torch.autograd.grad(y, wanted, cotangent, create_graph=further))
    return tuple(next(found) if ask else None for ask in needed)


class WavKAN(nn.Sequential):
    """Layers of wavelets, of the given widths."""

    def __init__(self, widths: Sequence[int], *, wavelet: str = "mexican-hat") -> None:
        super().__init__(*(Wavelets(i, o, wavelet=wavelet) for i, o in pairwise(widths)))


def mexican_hat(t: Tensor, order: int) -> tuple[Tensor, ...]:
    r"""$c\,(1 - t^2)\,e^{-t^2/2}$ and its derivatives up to `order` <= 2, of any shape."""
    s = t.square()
    bell = HEIGHT * torch.exp(-0.5 * s)
    value = torch.addcmul(bell, s, bell, value=-1)
    if order == 0:
        return (value,)
    first = t * (s - 3) * bell
    return (value, first) if order == 1 else (value, first, (s * (6 - s) - 3) * bell)


def morlet(t: Tensor, order: int) -> tuple[Tensor, ...]:
    r"""$\cos(\omega t)\,e^{-t^2/2}$ with $\omega = 5$ and its derivatives up to `order` <= 2."""
    w, s = FREQUENCY, t.square()
    bell = torch.exp(-s / 2)
    cos = torch.cos(w * t) * bell
    if order == 0:
        return (cos,)
    sin = torch.sin(w * t) * bell
    first = -w * sin - t * cos
    return (cos, first) if order == 1 else (cos, first, (s - 1 - w**2) * cos + 2 * w * t * sin)


def derivative_of_gaussian(t: Tensor, order: int) -> tuple[Tensor, ...]:
    r"""$-t\,e^{-t^2/2}$ and its derivatives up to `order` <= 2, of any shape."""
    s = t.square()
    bell = torch.exp(-s / 2)
    value = -t * bell
    if order == 0:
        return (value,)
    first = (s - 1) * bell
    return (value, first) if order == 1 else (value, first, t * (3 - s) * bell)


WAVELETS: dict[str, Wavelet] = {
    "mexican-hat": mexican_hat,
    "morlet": morlet,
    "dog": derivative_of_gaussian,
}
