r"""Wavelets with a scale and a shift on each edge.

Source: Bozorgasl and Chen 2024, "Wav-KAN: Wavelet Kolmogorov-Arnold Networks", arXiv:2405.12832.
We differ: the scale is the exponential of a trained number, so that it stays positive and nothing
is divided by it; there is no BatchNorm on the outputs, but a bias, and no weight without an
effect; the Mexican hat has its peak upwards, while the authors' code turns it over; shifts start
spread over [-1, 1] and not all in 0.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any, cast

import torch
from torch import Tensor, nn

from kansci.bases.summing import alone, recorded
from kansci.jets import total
from kansci.models.layer import EdgeLayer, points_first, points_last
from kansci.models.start import balance
from kansci.rules import RULES, passes_jets

HEIGHT = 2 / (3**0.5 * torch.pi**0.25)  # of the Mexican hat, whose square has then the integral 1
FREQUENCY = 5.0  # of Morlet's wave
FEW = 1 << 17  # numbers that are computed at once

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


passes_jets(Wavelets)(RULES[EdgeLayer])  # `forward` here is a faster way to the same sums


def waves(
    wavelet: Wavelet, x: Tensor, numbers: tuple[Tensor, ...], order: int
) -> tuple[Tensor, ...]:
    """The functions of edges and their derivatives, `(in, out, point)` each.

    Args:
        numbers: weight, shift and rate, `(out, in)` each.
    """
    weight, shift, rate = (one.mT.unsqueeze(-1) for one in numbers)  # (in, out, 1)
    rate = rate.exp()
    t = (x.unsqueeze(-2) - shift) * rate  # (in, out, point)
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
        sums = []
        for t, w, _ in _shares(x, weight, shift, rate):
            sums.append(wavelet(t, 0)[0].mul_(w).sum(0))
        return points_first(total(sums), x)

    @staticmethod
    def backward(ctx: Any, cotangent: Tensor) -> tuple[Tensor | None, ...]:  # type: ignore[override]
        x, *numbers = ctx.saved_tensors
        if recorded(cotangent):
            return None, *_again(ctx.wavelet, (x, *numbers), ctx.needs_input_grad[1:], cotangent)
        back = points_last(cotangent).contiguous()
        found: list[list[Tensor]] = [[], [], [], []]
        for t, w, scale in _shares(x, *numbers):
            value, slope = ctx.wavelet(t, 1)
            slope.mul_(back)
            weight, factor = w.squeeze(-1), scale.squeeze(-1)
            product = weight * factor  # (in, out)
            found[0].append((product.unsqueeze(1) @ slope).squeeze(1))
            found[1].append(value.mul_(back).sum(-1))
            found[2].append(slope.sum(-1).mul_(product).neg_())
            found[3].append(slope.mul_(t).sum(-1).mul_(weight))
        by_x, *rest = (one[0] if len(one) == 1 else torch.cat(one) for one in found)
        return None, points_first(by_x, x), *(one.mT for one in rest)


def _shares(
    x: Tensor, weight: Tensor, shift: Tensor, rate: Tensor
) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Some inputs at a time: places on wavelets `(in, out, point)`, weights and inverse scales."""
    points = points_last(x).contiguous().unsqueeze(1)
    numbers = weight.mT.unsqueeze(-1), shift.mT.unsqueeze(-1), rate.mT.exp().unsqueeze(-1)
    step = max(1, FEW // max(1, weight.shape[0] * points.shape[-1]))
    each = [(points, *numbers)]
    if step < len(points):
        each = zip(*(one.split(step) for one in (points, *numbers)), strict=True)
    for z, w, middle, scale in each:
        yield (z - middle).mul_(scale), w, scale


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
    value = bell - s * bell
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
