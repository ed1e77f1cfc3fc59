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
from kansci.bases.summing import alone, summed
from kansci.jets import Jet
from kansci.models.layer import EdgeLayer, points_first, points_last, through
from kansci.rules import passes_jets

NOISE = 0.1  # of the first amplitude that is no straight line
RIDGE = 1e-4  # relative; Gaussians that overlap are almost dependent


class KANLayer(EdgeLayer):
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
        super().__init__(dim_in, dim_out, bias=bias)
        self.basis = basis
        coef = torch.zeros(dim_out, dim_in, basis.size)
        self.coef = nn.Parameter(coef if zero else started(coef, basis))

    def edges(self, x: Tensor, order: int) -> tuple[Tensor, ...]:
        return self.basis.edges(self.coef.transpose(0, 1), x, order)

    def forward(self, x: Tensor) -> Tensor:
        basis, coef, bias = self.basis, self.coef, self.bias
        bags = basis.bags(self.dim_out)
        if not bags and basis.looks_up(self.dim_out):
            return super().forward(x)
        self.check(x)
        if basis.own and not bags and alone(x, coef, bias):
            return summed(basis, x, self._kept_coef(), bias)
        if bags:
            y = basis.sums(self._kept_coef(), points_last(x))
        else:
            y = self.mix(basis.rows(points_last(x), 0)[0])
        y = y if bias is None else y + bias.unsqueeze(-1)
        return points_first(y, x)

    def mix(self, phi: Tensor) -> Tensor:
        """Of the edges that are kept, `(in, size, point)` to `(out, point)`."""
        coef, phi = self._kept_coef().flatten(1), phi.flatten(0, 1)
        if len(coef) == 1 and fused():
            return (coef.unsqueeze(-1) * phi).sum(1)
        return coef @ phi

    def _kept_coef(self) -> Tensor:
        return self.coef if self.kept is None else self.coef * self.kept.unsqueeze(-1)


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
    x, order = points_last(jet.value), 2 if jet.streams else 1
    basis, mix = layer.basis, layer.mix
    if basis.looks_up(layer.dim_out):
        edges, *slopes = layer.edges(x, order)
        value, mix = layer.summed(edges), layer.summed
    else:
        phi, *slopes = basis.rows(x, order)
        value = mix(phi)
        if layer.dim_out <= basis.size:  # fewer functions on edges than in the basis
            slopes, mix = [layer.coef.transpose(0, 1) @ one for one in slopes], layer.summed
    if layer.bias is not None:
        value = value + layer.bias.unsqueeze(-1)
    return through(jet, value, slopes, mix)
