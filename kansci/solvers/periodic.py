r"""Solutions of period 2 on [-1, 1], as Fourier series that ETDRK4 carries through time.

The values of $u_t = \sum_d c_d\,\partial_x^d u + g(u) + \partial_x f(u)$ with a real $u$.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import sympy
import torch
from torch import Tensor

from kansci.formulas import function, read
from kansci.solvers.cache import kept
from kansci.solvers.etdrk4 import solve

SAME = 1e-9  # times that differ by less, in units of what lies between two, are one


@dataclass(frozen=True)
class Periodic:
    """A function of points `(point, 2)`, x and t, to `(point, 1)`; it is computed when first asked.

    Args:
        start: the value at t = 0, a formula of x.
        linear: pairs of an order `d` of derivative and its factor.
        reaction: a formula of u, $g$.
        flux: a formula of u, $f$.
        amplitudes: of the start, its exact Fourier coefficients as a function of the mode's
            number; without it they are those of samples, which a smooth start alone allows.
        size: points of the grid.
        step: of time.
        every: steps between two times that are kept.
        count: of times that are kept after 0; elsewhere it is not known.
    """

    start: str
    linear: Sequence[tuple[int, float]]
    reaction: str = "0"
    flux: str = "0"
    amplitudes: Callable[[np.ndarray], np.ndarray] | None = None
    size: int = 512
    step: float = 1e-4
    every: int = 100
    count: int = 100

    def __call__(self, points: Tensor) -> Tensor:
        """The values at points.

        Raises:
            ValueError: for a time that is not kept.
        """
        place = points[:, 1] / (self.step * self.every)
        row = place.round().long()
        if ((place - row).abs() > SAME).any() or ((row < 0) | (row > self.count)).any():
            raise ValueError(
                f"want times k*{self.step * self.every:g} up to k = {self.count}, "
                f"got {points[:, 1].tolist()[:5]}"
            )
        x, column = points[:, 0].unique(return_inverse=True)
        modes = torch.from_numpy(self.modes)
        number = torch.arange(modes.shape[1], dtype=x.dtype)
        phase = torch.pi * torch.outer(number, x)  # (mode, place)
        table = modes.real @ phase.cos() - modes.imag @ phase.sin()  # (time, place)
        first = function(read(self.start), ("x",))(points[:, :1])  # its series is a slow one
        return torch.where(row.unsqueeze(-1) == 0, first, table[row, column].unsqueeze(-1))

    @cached_property
    def modes(self) -> np.ndarray:
        r"""Of all times, `(count + 1, mode)`: $u = \mathrm{Re} \sum_n \hat u_n e^{i\pi nx}$."""
        modes = kept((self, self._first.tobytes()), self._solved)
        double = np.full(modes.shape[1], 2.0)
        double[0] = double[-1] = 1.0  # the others stand for their conjugates, too
        return double * modes

    @cached_property
    def _first(self) -> np.ndarray:
        if self.amplitudes is not None:
            return self.amplitudes(np.arange(self.size // 2 + 1)).astype(complex)
        x = torch.arange(self.size, dtype=torch.double) * 2 / self.size
        values = function(read(self.start), ("x",))(x.unsqueeze(-1)).squeeze(-1)
        return np.fft.rfft(values.numpy()) / self.size

    def _solved(self) -> np.ndarray:
        wave = 1j * np.pi * np.arange(self.size // 2 + 1)
        slope = np.where(np.arange(len(wave)) == self.size // 2, 0, wave)  # of the last mode: none
        source, flux = (
            sympy.lambdify(sympy.Symbol("u", real=True), read(text), "numpy")
            for text in (self.reaction, self.flux)
        )

        def nonlinear(modes: np.ndarray) -> np.ndarray:
            u = np.fft.irfft(modes * self.size, self.size)
            both = np.fft.rfft(np.stack([source(u) + 0 * u, flux(u) + 0 * u])) / self.size
            return both[0] + slope * both[1]

        linear = sum(
            (factor * (slope if order % 2 else wave) ** order for order, factor in self.linear),
            start=np.zeros(len(wave), complex),
        )
        times = {"step": self.step, "every": self.every, "count": self.count}
        return solve(self._first, linear, nonlinear, **times)
