"""What a model is: its parts and their formulas, and the functions that its edges are made of."""

from __future__ import annotations

from math import ceil
from typing import NamedTuple

import torch
from markupsafe import Markup
from torch import nn

from kansci.bases.basis import Basis
from kansci.discover import get_model
from kansci.draws import Draws
from kansci.errors import DoesNotFit, UserError
from kansci.models import Model
from kansci.site.formula import told
from kansci.site.lines import Chart, Series, chart

BUDGETS = (250, 1_000, 4_000, 16_000)
POINTS = 161
DIM_IN = 2
MOST = 24  # functions that can be told apart


class Portrait(NamedTuple):
    """A model of the zoo, for people.

    Attributes:
        parts: kinds of its layers, each with what its docstring begins with.
        charts: the functions of each kind of basis, as they are before training.
    """

    model: Model
    parts: tuple[tuple[str, Markup], ...]
    charts: tuple[Chart, ...]


def portrait(name: str) -> Portrait | None:
    """`None` for a model that the zoo does not have: what was submitted is not run here."""
    try:
        model = get_model(name)
    except UserError:
        return None
    network = _smallest(model)
    if network is None:
        return Portrait(model, (), ())
    kinds = {type(part): part for part in reversed(list(network.modules()))}
    ours = [kind for kind in reversed(kinds) if kind.__module__.startswith("kansci.")]
    parts = [(kind.__name__, about) for kind in ours if (about := told(kind))]
    bases = [part for kind in ours if isinstance(part := kinds[kind], Basis) and _single(part)]
    return Portrait(model, tuple(parts), tuple(map(_functions, bases)))


def _smallest(model: Model) -> nn.Module | None:
    """For two inputs and one output, at the first budget in which there is a network."""
    for budget in BUDGETS:
        try:
            with Draws("site"):
                return model.build(DIM_IN, 1, budget).double().eval()
        except DoesNotFit:
            continue
    return None


def _single(basis: Basis) -> bool:
    """Whether it is no combination of others, which are drawn by themselves."""
    return not any(isinstance(part, Basis) for part in basis.modules() if part is not basis)


@torch.no_grad()
def _functions(basis: Basis) -> Chart:
    """The functions of the first input on [-1, 1], where tasks put their domain."""
    x = torch.linspace(-1, 1, POINTS, dtype=torch.double)
    values = basis(x.unsqueeze(-1).expand(-1, DIM_IN))[:, 0].T  # (size, point)
    every = ceil(basis.size / MOST)
    numbers = range(0, basis.size, every)
    series = [Series(f"function {k + 1} of {basis.size}", x, values[k]) for k in numbers]
    what = f"The {basis.size} functions" if basis.size > 1 else "The function"
    some = f", one in {every}" if every > 1 else ""
    title = f"{what} of {type(basis).__name__}{some}"
    return chart(title, series, labels=("input", "value before training"))
