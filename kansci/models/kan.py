"""The one KAN layer: a variant is a basis, everything else is shared.

Source: Liu et al. 2024, "KAN: Kolmogorov-Arnold Networks", arXiv:2404.19756, section 2.2.
We differ: a layer is one product of basis values and coefficients, with the base branch as one
more function of the basis, and starts with the variance of its inputs.
"""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from kansci.bases import Basis
from kansci.bases.local import fused
from kansci.calculus import Jet, passes_jets

NOISE = 0.1  # of the first amplitude that is no straight line
RIDGE = 1e-4  # relative; Gaussians that overlap are almost dependent


class KANLayer(nn.Module):
    r"""Sums of learned univariate functions, $y_o = \sum_{i,k} c_{oik}\,\phi_k(x_i) + b_o$.

    Every edge starts as a random straight line, as well as its basis can draw one on [-1, 1],
    with a hundredth of the variance in random coefficients: smooth for every basis, where
    independent coefficients would make a local one start from noise. The outputs start with the
    variance of the inputs: 1/3, if those are uniform on [-1, 1].

    Args:
        bias: a trainable $b_o$; bases that sum to 1 have no need of it.
        zero: start from the zero function instead.

    Shape:
        x: `(*, in)` to `(*, out)`.

    Raises:
        ValueError: if the last dimension of `x` is not `in`.
    """

    def __init__(
        self, dim_in: int, dim_out: int, basis: Basis, *, bias: bool = False, zero: bool = False
    ) -> None:
        super().__init__()
        self.dim_in = dim_in
        self.basis = basis
        coef = torch.zeros(dim_out, dim_in, basis.size)
        self.coef = nn.Parameter(coef if zero else started(coef, basis))
        self.bias = nn.Parameter(torch.zeros(dim_out)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        if x.shape[-1] != self.dim_in:
            raise ValueError(f"want x (*, {self.dim_in}), got {tuple(x.shape)}")
        if self.basis.looks_up(len(self.coef)):
            y = _over_inputs(self._edges(points_last(x), 0)[0])
        else:
            y = self._mix(self.basis.rows(points_last(x), 0)[0])
        y = y if self.bias is None else y + self.bias.unsqueeze(-1)
        return points_first(y, x)

    def _mix(self, phi: Tensor) -> Tensor:
        coef, phi = self.coef.flatten(1), phi.flatten(0, 1)
        if len(coef) == 1 and fused():
            return (coef.unsqueeze(-1) * phi).sum(1)
        return coef @ phi  # (in, size, point) to (out, point)

    def _edges(self, x: Tensor, order: int) -> tuple[Tensor, ...]:
        """The function of every edge, `(in, point)` to `(in, out, point)`."""
        return self.basis.edges(self.coef.transpose(0, 1), x, order)


def _over_inputs(edges: Tensor) -> Tensor:
    return edges.sum(0)  # (in, out, point) to (out, point)


def points_last(x: Tensor) -> Tensor:
    """`(*, d)` to `(d, point)`."""
    return x.reshape(-1, x.shape[-1]).mT


def points_first(y: Tensor, x: Tensor) -> Tensor:
    """`(d, point)` to the leading dimensions of `x`; a view, which the next layer turns back."""
    return y.mT.reshape(*x.shape[:-1], y.shape[0])


@torch.no_grad()
def started(coef: Tensor, basis: Basis) -> Tensor:
    """Coefficients `(out, in, size)` of random lines and a little noise."""
    if coef.is_meta:  # shapes alone: a builder that counts
        return coef
    _, dim_in, size = coef.shape
    x = torch.linspace(-1, 1, max(64, 4 * size), dtype=torch.double)
    phi = basis(x.float().unsqueeze(-1).expand(-1, dim_in)).double()  # (point, in, size)
    gram = torch.einsum("pik,pil->ikl", phi, phi) / len(x)
    ridge = RIDGE * gram.diagonal(dim1=-2, dim2=-1).mean(-1)[:, None, None] * torch.eye(size)
    target = torch.einsum("pik,p->ik", phi, x) / len(x)
    line = torch.linalg.solve(gram + ridge, target)  # (in, size)
    power = torch.einsum("pik,ik->pi", phi, line).square().mean(0)  # (in,)
    line = line / power.clamp_min(1e-12).sqrt().unsqueeze(-1)
    noise = torch.randn(coef.shape) / phi.square().sum(-1).mean(0).sqrt().unsqueeze(-1)
    slope = torch.randn(*coef.shape[:2], 1)
    edges = math.sqrt(1 - NOISE**2) * slope * line + NOISE * noise  # each of unit mean square
    return (edges / math.sqrt(3 * dim_in)).to(coef.dtype).contiguous()


class KAN(nn.Sequential):
    """Layers of one basis, of the given widths; `basis(dim_in)` makes that of each layer."""

    def __init__(
        self,
        widths: Sequence[int],
        basis: Callable[[int], Basis],
        *,
        bias: bool = False,
        zero: bool = False,
    ) -> None:
        super().__init__(
            *(KANLayer(i, o, basis(i), bias=bias, zero=zero) for i, o in pairwise(widths))
        )


@passes_jets(KANLayer)
def _kan_layer(layer: KANLayer, jet: Jet) -> Jet:
    def rows(x: Tensor) -> Tensor:
        return points_last(x).unsqueeze(-2)  # (in, 1, point)

    x, order = points_last(jet.value), 2 if jet.streams else 1
    outputs, basis, mix = len(layer.coef), layer.basis, layer._mix
    if basis.looks_up(outputs):
        edges, *slopes = layer._edges(x, order)
        value, mix = _over_inputs(edges), _over_inputs
    else:
        phi, *slopes = basis.rows(x, order)
        value = mix(phi)
        if outputs <= basis.size:  # fewer functions on edges than in the basis
            slopes, mix = [layer.coef.transpose(0, 1) @ one for one in slopes], _over_inputs
    if layer.bias is not None:
        value = value + layer.bias.unsqueeze(-1)
    first = [slopes[0] * rows(one) for one in jet.first]
    bends = [slopes[1] * rows(product) for product in jet.products()]
    if jet.second:
        bends = [a + slopes[0] * rows(b) for a, b in zip(bends, jet.second, strict=True)]
    return Jet(
        points_first(value, jet.value),
        tuple(points_first(mix(one), jet.value) for one in first),
        tuple(points_first(mix(one), jet.value) for one in bends),
        jet.streams,
    )
