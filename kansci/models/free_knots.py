r"""B-splines whose knots are trained, each set of knots shared by a group of inputs.

Source: Zheng et al. 2025, "Free-Knots Kolmogorov-Arnold Network", arXiv:2501.09283;
de Boor 1978, "A Practical Guide to Splines", chapters IX and X.
We differ: each edge keeps its own coefficients, as in the first KAN; knots stay in order by their
parameterisation, instead of being sorted, and no cell gets narrower than a tenth of an even one;
the ends of the domain stay where they are, as inputs are known to lie in it.
"""

import torch
from torch import Tensor, nn

from kansci.bases.basis import ClosedForm, check_domain, check_grid

LEAST = 0.1  # of the width of an even cell: slopes and bends stay bounded


class FreeKnots(ClosedForm):
    r"""B-splines $B_k$ on knots $t_j = a + (b - a)\sum_{l \le j} s_l$ of trained steps $s$.

    The steps are a softmax, lifted off 0, of `grid` trained numbers; knots beyond the domain follow
    in steps as wide as the first and the last cell. The `grid + degree` splines sum to 1 on the
    domain and fade outside it.

    Args:
        grid: cells that divide the domain.
        degree: of the polynomial pieces, at least 1.
        groups: of inputs, as even as can be; no more than there are inputs.
        domain: where the splines sum to 1.

    Raises:
        ValueError: for a grid, degree or number of groups below 1 or an empty domain.
    """

    group: Tensor

    def __init__(
        self,
        dim_in: int,
        *,
        grid: int = 5,
        degree: int = 3,
        groups: int = 8,
        domain: tuple[float, float] = (-1.0, 1.0),
    ) -> None:
        super().__init__()
        check_grid(grid)
        check_domain(domain)
        if degree < 1 or groups < 1:
            raise ValueError(f"want degree >= 1 and groups >= 1, got {degree=}, {groups=}")
        groups = min(groups, dim_in)
        self.size = grid + degree
        self.degree = degree
        self.domain = domain
        self.steps = nn.Parameter(torch.zeros(groups, grid))
        group = torch.arange(dim_in) * groups // dim_in
        self.register_buffer("group", group, persistent=False)

    def knots(self) -> Tensor:
        """In ascending order, those beyond the domain too, `(group, grid + 2 degree + 1)`."""
        low, high = self.domain
        count = self.steps.shape[-1]
        share = LEAST / count + (1 - LEAST) * torch.softmax(self.steps, -1)
        step = (high - low) * share  # (group, grid)
        beyond = torch.arange(1, self.degree + 1, device=step.device, dtype=step.dtype)
        return torch.cat(
            [
                low - step[:, :1] * beyond.flip(0),
                low + 0 * step[:, :1],
                low + step[:, :-1].cumsum(-1),
                high + 0 * step[:, :1],
                high + step[:, -1:] * beyond,
            ],
            -1,
        )

    def rows(self, x: Tensor, order: int) -> tuple[Tensor, ...]:
        knots = self.knots()[self.group].unsqueeze(-1)  # (in, knot, 1)
        x = x.unsqueeze(-2)
        # Of degree 0: 1 in one cell; each further degree blends two neighbours.
        rows = [((x >= knots[:, :-1]) & (x < knots[:, 1:])).to(x.dtype)]
        for degree in range(1, self.degree + 1):
            rows.append(_blended(rows[-1], x, knots, degree))
        return tuple(self._derivative(rows, knots, number) for number in range(order + 1))

    def _derivative(self, rows: list[Tensor], knots: Tensor, number: int) -> Tensor:
        """From the splines of all degrees, by differences from that many degrees below."""
        if number > self.degree:
            return 0 * rows[-1]
        row = rows[self.degree - number]
        for degree in range(self.degree - number + 1, self.degree + 1):
            row = _sloped(row, knots, degree)
        return row


def _blended(lower: Tensor, x: Tensor, knots: Tensor, degree: int) -> Tensor:
    """Splines of a degree from those of the degree below, `(in, knot - degree - 1, point)`."""
    rise = (x - knots[:, : -degree - 1]) / (knots[:, degree:-1] - knots[:, : -degree - 1])
    last = knots[:, degree + 1 :]
    fall = (last - x) / (last - knots[:, 1:-degree])
    return rise * lower[:, :-1] + fall * lower[:, 1:]


def _sloped(lower: Tensor, knots: Tensor, degree: int) -> Tensor:
    """Slopes of splines of a degree whose fellows of the degree below are given, or have slopes."""
    rise = degree / (knots[:, degree:-1] - knots[:, : -degree - 1])
    fall = degree / (knots[:, degree + 1 :] - knots[:, 1:-degree])
    return rise * lower[:, :-1] - fall * lower[:, 1:]
