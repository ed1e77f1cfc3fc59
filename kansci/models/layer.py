"""What all KAN layers share: learned functions on edges, summed at the outputs.

Source: Liu et al. 2024, "KAN: Kolmogorov-Arnold Networks", arXiv:2404.19756, section 2.2.
"""

from abc import abstractmethod
from collections.abc import Callable

import torch
from torch import Tensor, nn

from kansci.jets import Jet
from kansci.rules import passes_jets

Mix = Callable[[Tensor], Tensor]


class EdgeLayer(nn.Module):
    r"""Sums of univariate functions, $y_o = \sum_i \phi_{oi}(x_i) + b_o$.

    A layer of its own kind states `edges`; values, jets, pruning and pictures follow from them.

    Args:
        bias: a trainable $b_o$.

    Attributes:
        kept: which edges count, `(out, in)` of 0 and 1; `None` until some are pruned.

    Shape:
        x: `(*, in)` to `(*, out)`.

    Raises:
        ValueError: if the last dimension of `x` is not `in`.
    """

    kept: Tensor | None

    def __init__(self, dim_in: int, dim_out: int, *, bias: bool = False) -> None:
        super().__init__()
        if dim_in < 1 or dim_out < 1:
            raise ValueError(f"want at least one input and one output, got {dim_in=}, {dim_out=}")
        self.dim_in, self.dim_out = dim_in, dim_out
        self.bias = nn.Parameter(torch.zeros(dim_out)) if bias else None
        self.register_buffer("kept", None)

    @abstractmethod
    def edges(self, x: Tensor, order: int) -> tuple[Tensor, ...]:
        """The functions of all edges and their derivatives up to `order` <= 2, pruned or not.

        Shape:
            x: `(in, point)` to `(in, out, point)` each.
        """

    def forward(self, x: Tensor) -> Tensor:
        self.check(x)
        y = self.summed(self.edges(points_last(x), 0)[0])
        y = y if self.bias is None else y + self.bias.unsqueeze(-1)
        return points_first(y, x)

    def check(self, x: Tensor) -> None:
        """Raises a ValueError that shows wanted and got."""
        if x.ndim == 0 or x.shape[-1] != self.dim_in:
            raise ValueError(f"want x (*, {self.dim_in}), got {tuple(x.shape)}")

    def summed(self, edges: Tensor) -> Tensor:
        """Over the inputs, those that are kept, `(in, out, point)` to `(out, point)`."""
        return (edges if self.kept is None else edges * self.kept.mT.unsqueeze(-1)).sum(0)

    @torch.no_grad()
    def keep(self, kept: Tensor) -> None:
        """Lets only some edges count, `(out, in)` of 0 and 1, among those that did before.

        Raises:
            ValueError: for another shape.
        """
        if kept.shape != (self.dim_out, self.dim_in):
            raise ValueError(f"want kept ({self.dim_out}, {self.dim_in}), got {tuple(kept.shape)}")
        like = next(self.parameters())
        kept = kept.to(like.device, like.dtype)
        self.kept = kept if self.kept is None else self.kept * kept


def points_last(x: Tensor) -> Tensor:
    """`(*, d)` to `(d, point)`."""
    return x.reshape(-1, x.shape[-1]).mT


def points_first(y: Tensor, x: Tensor) -> Tensor:
    """`(d, point)` to the leading dimensions of `x`; a view, which the next layer turns back."""
    return y.mT.reshape(*x.shape[:-1], y.shape[0])


@passes_jets(EdgeLayer)
def _edge_layer(layer: EdgeLayer, jet: Jet) -> Jet:
    layer.check(jet.value)
    edges, *slopes = layer.edges(points_last(jet.value), 2 if jet.streams else 1)
    value = layer.summed(edges)
    if layer.bias is not None:
        value = value + layer.bias.unsqueeze(-1)
    return through(jet, value, slopes, layer.summed)


def through(jet: Jet, value: Tensor, slopes: list[Tensor], mix: Mix) -> Jet:
    """The jet behind a layer whose outputs are a linear `mix` of functions of one input each.

    Args:
        value: what the layer gives, `(out, point)`.
        slopes: first and, for streams, second derivatives of the functions, `(in, n, point)`.
        mix: `(in, n, point)` to `(out, point)`.
    """

    def rows(x: Tensor) -> Tensor:
        return points_last(x).unsqueeze(-2)  # (in, 1, point)

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
