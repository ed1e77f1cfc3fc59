"""Layers whose edges are functions with names, and layers that are on their way there."""

from __future__ import annotations

from collections import defaultdict

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
        names: of the functions, a list of `in` for each output; they are part of `state_dict()`.
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
        check_name(fit.name)
        *numbers, constant = fit.numbers
        free = FUNCTIONS[fit.name].free[:3] if fit.name != "0" else (False,) * 3
        self.names[out][into] = fit.name
        self.free[out, into] = torch.tensor(free, device=self.free.device)
        self.numbers[out, into] = self.numbers.new_tensor(numbers)
        self.bias[out] += constant

    def get_extra_state(self) -> dict[str, list[list[str]]]:
        """The names, which stand in the state beside the numbers."""
        return {"names": [list(row) for row in self.names]}

    def set_extra_state(self, state: dict[str, list[list[str]]]) -> None:
        """The names as they were saved.

        Raises:
            ValueError: for a layer of another shape, or a function that the library does not have.
        """
        names = [list(row) for row in state["names"]]
        if len(names) != self.dim_out or any(len(row) != self.dim_in for row in names):
            got = f"{len(names)} rows of {sorted({len(row) for row in names})}"
            raise ValueError(f"want names ({self.dim_out}, {self.dim_in}), got {got}")
        for name in sorted({name for row in names for name in row}):
            check_name(name)
        self.names = names

    def edges(self, x: Tensor, order: int) -> tuple[Tensor, ...]:
        numbers = torch.where(self.free, self.numbers, self.numbers.detach())
        a, b, c = numbers.transpose(0, 1).flatten(0, 1).unsqueeze(-1).unbind(1)  # (in * out, 1)
        found, order_of = [], list[int]()
        for name, places in self._places().items():
            order_of += places
            own = torch.tensor(places, device=x.device)
            scale = a[own]
            values = taylor(FUNCTIONS[name].value, scale * x[own // self.dim_out] + b[own], order)
            found.append([c[own] * scale**power * one for power, one in enumerate(values)])
        back = torch.tensor(order_of, device=x.device).argsort()
        return tuple(
            torch.cat(rows)[back].unflatten(0, (self.dim_in, self.dim_out))
            for rows in zip(*found, strict=True)
        )

    def _places(self) -> dict[str, list[int]]:
        """Which edges each function is on, counted from input to input."""
        places = defaultdict[str, list[int]](list)
        for into in range(self.dim_in):
            for out in range(self.dim_out):
                places[self.names[out][into]].append(into * self.dim_out + out)
        return places


def check_name(name: str) -> None:
    """Raises a ValueError for a function that the library does not have."""
    if name not in FUNCTIONS:
        raise ValueError(f"want a function out of {', '.join(FUNCTIONS)}, got {name!r}")


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
