r"""Sines of learned frequencies and fixed phases.

Source: Reinhardt et al. 2024, "SineKAN", arXiv:2407.04149,
https://github.com/ereinha/SineKAN.
We differ: every layer's frequencies start at $1, \dots, g$, as those of the authors' first layer
do; phases are even over half a period, where theirs come from a fitted formula. Amplitudes start
as theirs, smaller for faster sines, but with the variance of the inputs.
"""

import math

import torch
from torch import Tensor, nn

from kansci.bases.basis import ClosedForm


class Sine(ClosedForm):
    r"""$\sin(f_j x_i + p_{ij})$ with $p_{ij} = \pi\big(\tfrac{j}{g+1} + \tfrac{i}{n}\big)$.

    The frequencies are learned, shared by all edges of a layer; phases differ from input to input
    ($i = 0, \dots, n - 1$) and stay. A constant is the bias of a layer.

    Args:
        size: number of sines, $g \ge 1$.

    Raises:
        ValueError: for no sine.
    """

    keeps = 1
    phase: Tensor

    def __init__(self, dim_in: int, *, size: int = 8) -> None:
        super().__init__()
        if size < 1:
            raise ValueError(f"want size >= 1, got {size=}")
        self.size = size
        wave = torch.arange(1, size + 1, dtype=torch.double)
        place = torch.arange(dim_in, dtype=torch.double).unsqueeze(-1) / dim_in
        self.frequency = nn.Parameter(wave.float())
        # In float64, so that no dtype loses digits.
        self.register_buffer("phase", math.pi * (wave / (size + 1) + place))  # (in, size)

    def rows(self, x: Tensor, order: int) -> tuple[Tensor, ...]:
        frequency = self.frequency.unsqueeze(-1)
        angle = frequency * x.unsqueeze(-2) + self.phase.to(x.dtype).unsqueeze(
            -1
        )  # (in, size, point)
        value = torch.sin(angle)
        if order == 0:
            return (value,)
        first = frequency * torch.cos(angle)
        return (value, first, -frequency.square() * value)[: order + 1]

    def trained(self) -> tuple[Tensor, ...]:
        return (self.frequency,)

    def fill(self, x: Tensor, out: Tensor, *, keep: bool) -> tuple[Tensor, ...]:
        phase, frequency = self.phase.to(x.dtype).unsqueeze(-1), self.frequency.unsqueeze(-1)
        angle = torch.addcmul(phase, frequency, x.unsqueeze(-2))
        torch.sin(angle, out=out)
        return (angle,)

    def pull(
        self, x: Tensor, out: Tensor, kept: tuple[Tensor, ...], cotangent: Tensor
    ) -> tuple[Tensor, ...]:
        slope = cotangent.mul_(kept[0].cos())  # (in, size, point)
        by_frequency = (slope * x.unsqueeze(-2)).sum((0, 2))
        return slope.mul_(self.frequency.unsqueeze(-1)).sum(1), by_frequency

    def started(self, dim_out: int) -> Tensor:
        """Random amplitudes, `(out, in, size)`, that fall like $1/j$: no sum of these is a line."""
        fall = 1 / torch.arange(1, self.size + 1)
        x = torch.linspace(-1, 1, 256).expand(len(self.phase), -1)
        power = (fall.unsqueeze(-1) * self.rows(x, 0)[0]).square().sum((0, 1)).mean()
        return torch.randn(dim_out, *self.phase.shape) * fall * (3 * power).rsqrt()
