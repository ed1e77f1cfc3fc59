"""A network that is examined: built as the engine builds it, and the points it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from functools import cached_property, partial

import torch
from torch import Tensor, nn

from kansci.draws import Draws
from kansci.lifting.ensemble import Ensemble, Member
from kansci.models import Model, Units
from kansci.sampling import stream
from kansci.task import Scale

MOVED = 0.05  # of each weight's own size, as the first steps of training move it
FIRST = 0.3  # what a weight that starts at zero is moved by
HAIR = 1e-9  # far above the rounding of float64, far below that of float32


class DoesNotApply(Exception):
    """A law says nothing about the network, and why."""


class Hint(str):
    """A finding that breaks no law."""


class Subject:
    """One model at one budget.

    Nothing is seeded globally: what a build draws comes from generators lent to it.

    Attributes:
        precision: why float64 cannot be relied on; empty, where it can.
        dtype: that in which laws are examined: float64, where there is one.
    """

    def __init__(self, model: Model, dim_in: int, dim_out: int, parameters: int) -> None:
        self.model = model
        self.dim_in, self.dim_out, self.parameters = dim_in, dim_out, parameters
        self._built: dict[int, nn.Module] = {}

    def built(self, seed: int = 0) -> nn.Module:
        """The network as the engine receives it; a copy, as a search for widths takes time."""
        if seed not in self._built:
            with Draws("start", seed):
                self._built[seed] = self.model.build(self.dim_in, self.dim_out, self.parameters)
        return deepcopy(self._built[seed])

    def moved(self, seed: int = 0, dtype: torch.dtype | None = None) -> nn.Module:
        """The network a little away from its start, where no weight is zero by intention."""
        network = self.built(seed).to(dtype or self.dtype).eval()
        draws = stream("moved", seed)
        with torch.no_grad():
            for weight in network.parameters():
                size = MOVED * weight.square().mean().sqrt() if weight.any() else FIRST
                noise = torch.randn(weight.shape, generator=draws, dtype=torch.double)
                if weight.requires_grad:
                    weight += (noise * size).to(weight.dtype)
        return network

    def exact(self) -> nn.Module:
        """The network in float64, for laws that take small differences."""
        if self.precision:
            raise DoesNotApply(f"takes small differences, and the network {self.precision}")
        return self.moved()

    def points(self, *leading: int, reach: float = 1.0, purpose: str = "points") -> Tensor:
        """Uniform, of no grid, in the dtype of the examination; `(*, in)`."""
        unit = torch.rand(*leading, self.dim_in, generator=stream(purpose), dtype=torch.double)
        return (reach * (2 * unit - 1)).to(self.dtype)

    def mix(self) -> Tensor:
        """Weights by which several outputs become one, `(out,)`."""
        shares = torch.rand(self.dim_out, generator=stream("mix"), dtype=torch.double)
        return (0.5 + shares).to(self.dtype)

    def ensemble(self, seeds: Sequence[int]) -> Ensemble:
        """Members of these seeds, wrapped as the engine wraps them."""

        def make(seed: int) -> nn.Module:
            domain = ((-1.0, 1.0),) * self.dim_in
            return Units(self.built(seed), domain, Scale(0.0, 1.0)).to(self.dtype)

        makes = [partial(make, seed) for seed in seeds]  # a place each: none is built twice
        members = [Member(seed, 1e-2, place) for place, seed in enumerate(seeds)]
        return Ensemble(makes, members, self.points(len(seeds), 4, purpose="trial"))

    @cached_property
    def dtype(self) -> torch.dtype:
        return torch.float32 if self.precision else torch.float64

    @cached_property
    def precision(self) -> str:
        points = stream("precision")
        x = 2 * torch.rand(64, self.dim_in, generator=points, dtype=torch.double) - 1
        try:
            network = self.moved(dtype=torch.double)
            with torch.no_grad():
                here, beside, away = (network(x + step) for step in (0, HAIR, 1e-3))
        except Exception as error:
            return f"does not run in float64 ({said(error)})"
        if here.dtype != torch.double:
            return f"answers points in float64 with {here.dtype}"
        answers = (away - here).abs() > 1e-6 * (1 + here.abs())
        if (answers & (beside == here)).sum() > answers.sum() / 2:
            return "computes in single precision behind outputs of float64"
        return ""


def said(error: BaseException) -> str:
    """An exception in a line that is no longer than a line."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:160]}" if text else type(error).__name__


def near(one: Tensor, other: Tensor) -> bool:
    """Whether numbers agree to the rounding of their dtype, relative to the largest."""
    tolerance = 1e-8 if one.dtype == torch.double else 1e-4
    return apart(one, other) <= tolerance


def apart(one: Tensor, other: Tensor) -> float:
    """How far numbers differ, relative to the largest of them; NaN differs by infinity."""
    if one.shape != other.shape:
        return float("inf")
    if one.numel() == 0:
        return 0.0
    far = (one - other).abs().max() / torch.maximum(one.abs().max(), other.abs().max()).clamp(1e-6)
    return far.nan_to_num(float("inf")).item()
