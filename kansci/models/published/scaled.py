"""Splines times a trained scale: the edge of the first KAN, which two packages share."""

import torch
from torch import Tensor, nn

from kansci.bases import Beside, BSpline, Pointwise
from kansci.models.kan import KANLayer
from kansci.models.layer import EdgeLayer


class ScaledSplines(KANLayer):
    r"""Edges $\phi_{oi}(x) = b_{oi}\,\mathrm{silu}(x) + s_{oi} \sum_k c_{oik}\,B_k(x)$, no bias.

    Scale and coefficients multiply each other: many numbers give one function. All start from 0;
    a package fills them.

    Attributes:
        splines: $c$, `(out, in, grid + degree)`.
        scale: $s$, `(out, in)`.
        base: $b$, `(out, in)`.
    """

    def __init__(self, dim_in: int, dim_out: int, *, grid: int, degree: int) -> None:
        EdgeLayer.__init__(self, dim_in, dim_out)
        self.basis = Beside(BSpline(dim_in, grid=grid, degree=degree), Pointwise(dim_in))
        self.grid = grid
        self.splines = nn.Parameter(torch.zeros(dim_out, dim_in, grid + degree))
        self.scale = nn.Parameter(torch.zeros(dim_out, dim_in))
        self.base = nn.Parameter(torch.zeros(dim_out, dim_in))

    @property
    def coef(self) -> Tensor:
        """What the functions of the basis are multiplied by, `(out, in, size)`."""
        return torch.cat([self.splines * self.scale.unsqueeze(-1), self.base.unsqueeze(-1)], -1)

    @torch.no_grad()
    def interpolate(self, noise: Tensor) -> None:
        """The smallest coefficients whose splines pass through values at the grid's points.

        There are fewer points than coefficients, so that least squares leaves a choice.

        Shape:
            noise: `(grid + 1, in, out)`.
        """
        if noise.is_meta:  # shapes alone: a builder that counts
            return
        points = torch.linspace(-1, 1, self.grid + 1, dtype=torch.double)
        splines = self.basis.parts[0](points.float().unsqueeze(-1)).squeeze(1)  # (point, size)
        found = torch.linalg.pinv(splines.double()) @ noise.double().flatten(1)  # (size, in * out)
        self.splines.copy_(found.reshape(-1, self.dim_in, self.dim_out).permute(2, 1, 0))
