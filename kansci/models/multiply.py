r"""Multiplication nodes: some sums of a KAN layer are handed on as products of two.

Source: Liu et al. 2024, "KAN 2.0: Kolmogorov-Arnold Networks Meet Science", arXiv:2408.10205,
section 2 (MultKAN).
We differ: half of the nodes of a hidden layer multiply, two sums each; sums that become factors
start larger, so that products have the variance of sums; nodes have no affine numbers of their
own, which the authors' code holds still by default.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from kansci.bases import Basis
from kansci.jets import Jet, total, weighted
from kansci.models.kan import KANLayer
from kansci.rules import passes_jets


class Multiply(nn.Module):
    r"""Hands on the first `plain` numbers and the products of the others, in pairs of neighbours.

    Args:
        plain: numbers that pass as they are.
        products: pairs that are multiplied.

    Shape:
        x: `(*, plain + 2 products)` to `(*, plain + products)`.

    Raises:
        ValueError: if the last dimension of `x` is another.
    """

    def __init__(self, plain: int, products: int) -> None:
        super().__init__()
        if plain < 0 or products < 0 or plain + products == 0:
            raise ValueError(f"want one number or product at least, got {plain=}, {products=}")
        self.plain, self.products = plain, products

    def forward(self, x: Tensor) -> Tensor:
        plain, a, b = self.parts(x)
        return torch.cat([plain, a * b], -1)

    def parts(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What passes, and the two factors of each product."""
        wanted = self.plain + 2 * self.products
        if x.shape[-1:] != (wanted,):
            raise ValueError(f"want x (*, {wanted}), got {tuple(x.shape)}")
        factors = x[..., self.plain :]
        return x[..., : self.plain], factors[..., 0::2], factors[..., 1::2]


class MultKAN(nn.Sequential):
    """KAN layers of one basis, with products among the hidden nodes.

    Args:
        widths: nodes of each layer, sums and products; half of the hidden ones, rounded down,
            multiply.
        basis: `basis(dim_in)` makes that of each layer.
    """

    def __init__(self, widths: Sequence[int], basis: Callable[[int], Basis]) -> None:
        layers: list[nn.Module] = []
        for dim_in, nodes in pairwise(widths[:-1]):
            plain, products = nodes - nodes // 2, nodes // 2
            layer = KANLayer(dim_in, plain + 2 * products, basis(dim_in))
            with torch.no_grad():
                layer.coef[plain:] *= 3**0.25  # the variance of a product is that of both, times
            layers += [layer, Multiply(plain, products)]
        super().__init__(*layers, KANLayer(widths[-2], widths[-1], basis(widths[-2])))


@passes_jets(Multiply)
def _multiply(module: Multiply, jet: Jet) -> Jet:
    plain, a, b = module.parts(jet.value)
    first = [module.parts(one) for one in jet.first]
    second = [module.parts(one) for one in jet.second]

    def bent(place: int) -> Tensor:
        pairs = jet.streams[place]
        crossed = [weighted(w, da * eb + ea * db) for w, da, db, ea, eb in _paired(first, pairs)]
        both = total(crossed)
        if not second:
            return torch.cat([plain * 0, both], -1)
        z, da, db = second[place]
        return torch.cat([z, both + da * b + a * db], -1)

    return Jet(
        torch.cat([plain, a * b], -1),
        tuple(torch.cat([z, da * b + a * db], -1) for z, da, db in first),
        tuple(bent(place) for place in range(len(jet.streams))),
        jet.streams,
    )


def _paired(
    first: Sequence[tuple[Tensor, Tensor, Tensor]], pairs: Sequence[tuple[int, int, float]]
):
    for i, j, weight in pairs:
        (_, da, db), (_, ea, eb) = first[i], first[j]
        yield weight, da, db, ea, eb
