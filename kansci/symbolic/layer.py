"""Layers whose edges are functions with names, and layers that are on their way there."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from kansci.jets import taylor
from kansci.models.layer import EdgeLayer
from kansci.symbolic.fitting import Fit
from kansci.symbolic.library import FUNCTIONS


class SymbolicLayer(EdgeLayer):
    r"""$y_o = \sum_i c_{oi}\,f_{oi}(a_{oi} x_i + b_{oi}) + d_o$, with $f_{oi}$ from the library.

    All are 0 until they are named. Of $a$, $b$ and $c$ those are trained that a function leaves
    free. In double precision, as formulas are exact or nothing.

    Attributes:
        names: of the functions, a list of `in` for each output.
    """

    free: Tensor
    bias: nn.Parameter

    def __init__(self, dim_in: int, dim_out: int) -> None:
        super().__init__(dim_in, dim_out, bias=True)
        self.names = [["0"] * dim_in for _ in range(dim_out)]
        self.numbers = nn.Parameter(torch.zeros(dim_out, dim_in, 3))
        self.register_buffer("free", torch.zeros(dim_out, dim_in, 3, dtype=torch.bool))
        self.double()

    @torch.no_grad()
    def name(self, out: int, into: int, fit: Fit) -> None:
        """Makes an edge the function that was fitted; the bias takes its constant.

        Raises:
            ValueError: for a name that the library does not have.
        """
        if fit.name not in FUNCTIONS:
            raise ValueError(f"want a function out of {', '.join(FUNCTIONS)}, got {fit.name!r}")
        *numbers, constant = fit.numbers
        free = FUNCTIONS[fit.name].free[:3] if fit.name != "0" else (False,) * 3
        self.names[out][into] = fit.name
        self.free[out, into] = torch.tensor(free, device=self.free.device)
        self.numbers[out, into] = self.numbers.new_tensor(numbers)
        self.bias[out] += constant

    def edges(self, x: Tensor, order: int) -> tuple[Tensor, ...]:
        numbers = torch.where(self.free, self.numbers, self.numbers.detach())
        a, b, c = numbers.transpose(0, 1).unsqueeze(-1).unbind(2)  # (in, out, 1)
        z = a * x.unsqueeze(1) + b  # (in, out, point)
        found = [torch.zeros_like(z)] * (order + 1)
        for name in sorted({name for row in self.names for name in row} - {"0"}):
            own = torch.tensor([[one == name for one in row] for row in self.names]).mT
            own = own.to(z.device).unsqueeze(-1)
            # Elsewhere 1, where every function is finite: 0 times an infinite slope is NaN.
            values = taylor(FUNCTIONS[name].value, torch.where(own, z, 1.0), order)
            pairs = zip(found, values, strict=True)
            found = [torch.where(own, value, old) for old, value in pairs]
        return tuple(c * a**number * value for number, value in enumerate(found))


class Locking(EdgeLayer):
    """A layer some of whose edges have names already, while the others still bend.

    Attributes:
        own: the layer it was; edges with names are switched off there.
        named: the edges that have names.
    """

    bias: nn.Parameter

    def __init__(self, own: EdgeLayer) -> None:
        super().__init__(own.dim_in, own.dim_out, bias=True)
        self.own, self.named = own, SymbolicLayer(own.dim_in, own.dim_out)
        self.double()
        if own.kept is None:
            own.keep(torch.ones(own.dim_out, own.dim_in))
        with torch.no_grad():  # one bias is enough
            if own.bias is not None:
                self.bias.copy_(own.bias)
                own.bias = None
        self.named.bias.requires_grad_(False)

    def edges(self, x: Tensor, order: int) -> tuple[Tensor, ...]:
        own, named = self.own.edges(x, order), self.named.edges(x, order)
        kept = self.open.double().mT.unsqueeze(-1)
        return tuple(a * kept + b for a, b in zip(own, named, strict=True))

    @property
    def open(self) -> Tensor:
        """Edges that have no name yet, `(out, in)` of booleans."""
        assert self.own.kept is not None
        return self.own.kept > 0

    @torch.no_grad()
    def lock(self, out: int, into: int, fit: Fit) -> None:
        """Gives an edge its name."""
        rest = self.open
        rest[out, into] = False
        self.own.keep(rest)
        self.named.name(out, into, fit)
        self.bias[out] += fit.numbers[3]

    @torch.no_grad()
    def done(self) -> SymbolicLayer:
        """The layer of names."""
        self.named.bias.copy_(self.bias)
        self.named.bias.requires_grad_(True)
        return self.named
