"""What pictures of networks are drawn with: nodes, wires, boxes, letters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK, PAPER, CURVE, NAMED = "#222222", "#FFFFFF", "#0072B2", "#D55E00"
BOX = 1.0  # side of an edge's picture, the unit of all lengths
FAINTEST = 0.1  # opacity of an edge that has nothing to do with the outputs


class Line(NamedTuple):
    """A row of nodes, from left to right."""

    xs: list[float]
    y: float


class Picture:
    """Pencil and paper.

    Args:
        inch: of one unit of the axes, by which letters and lines are measured.
    """

    def __init__(self, axes: Axes, width: float, inch: float) -> None:
        self.axes, self.width = axes, width
        self.letter = 18 * inch
        self.stroke = 1.9 * inch

    def nodes(self, line: Line, sizes: float = 1.0) -> None:
        for x in line.xs:
            self.axes.plot(x, line.y, "o", color=INK, markersize=9 * sizes * self.stroke, zorder=4)

    def name(self, line: Line, names: Sequence[str], side: str) -> None:
        away = -0.38 if side == "top" else 0.38
        for x, name in zip(line.xs, names, strict=True):
            self.axes.text(x, line.y + away, name, ha="center", va=side, size=self.letter * 1.15,
                           color=INK)  # fmt: skip

    def wire(self, start: tuple[float, float], end: tuple[float, float], weight: float) -> None:
        self.axes.plot(
            (start[0], end[0]),
            (start[1], end[1]),
            color=INK,
            alpha=FAINTEST + (1 - FAINTEST) * weight,
            linewidth=self.stroke * (0.5 + 1.3 * weight),
            solid_capstyle="round",
            zorder=1,
        )

    def box(self, at: tuple[float, float], y: Tensor, weight: float, name: str | None) -> None:
        """A curve, as high as its box, and the function's name, if it has one."""
        from matplotlib.patches import FancyBboxPatch

        x0, y0 = at[0] - BOX / 2, at[1] - BOX / 2
        alpha = FAINTEST + (1 - FAINTEST) * weight
        style = "round,pad=0,rounding_size=0.08"
        self.axes.add_patch(
            FancyBboxPatch((x0, y0), BOX, BOX, boxstyle=style, facecolor=PAPER, edgecolor=PAPER)
        ).set_zorder(2)
        self.axes.add_patch(
            FancyBboxPatch(
                (x0, y0),
                BOX,
                BOX,
                boxstyle=style,
                facecolor="none",
                edgecolor=INK,
                linewidth=0.55 * self.stroke,
                alpha=alpha,
            )
        ).set_zorder(3)
        across = torch.linspace(x0 + 0.1 * BOX, x0 + 0.9 * BOX, len(y))
        low, high = y.min(), y.max()
        flat = bool(high - low <= 1e-9 * y.abs().max()) or bool(high == low)
        share = torch.full_like(y, 0.5) if flat else (y - low) / (high - low)
        self.axes.plot(
            across.tolist(),
            (y0 + BOX * (0.14 + 0.72 * share)).tolist(),
            color=CURVE if name is None else NAMED,
            alpha=alpha,
            linewidth=1.5 * self.stroke,
            solid_capstyle="round",
            zorder=3,
        )
        if name is not None:
            text = f"${name}$" if name.startswith("x^") else name
            self.write((at[0] + BOX / 2 + 0.07, at[1]), text, size=0.72, color=NAMED)

    def write(
        self, at: tuple[float, float], text: str, *, size: float, color: str = INK, ha: str = "left"
    ) -> None:
        self.axes.text(*at, text, ha=ha, va="center", size=size * self.letter, color=color,
                       zorder=5)  # fmt: skip
