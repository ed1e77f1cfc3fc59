"""A network as people draw KANs: nodes in rows, and on every edge its function."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from kansci.models.edges.functions import edge_functions
from kansci.models.edges.importance import importance
from kansci.models.edges.parts import edge_layers, parts
from kansci.models.edges.pencil import BOX, INK, PAPER, Line, Picture
from kansci.models.layer import EdgeLayer
from kansci.models.multiply import Multiply

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

GAP = 0.34  # room between two boxes
RISE = 3.3  # from one row of nodes to the next, in boxes, at least
STEEP = 0.085  # the same as a share of the width: else wires of wide layers would lie flat
STEP = 1.0  # from sums to what is made of them: products, normalised values
BETA = 3.0  # how soon an edge is opaque as its score grows
LARGEST = 400  # edges of a layer that can be told apart


def plot(
    network: nn.Module,
    data: Tensor | None = None,
    path: str | Path | None = None,
    *,
    axes: Axes | None = None,
    inputs: Sequence[str] | None = None,
    outputs: Sequence[str] | None = None,
    title: str | None = None,
) -> Figure:
    r"""Nodes in rows from the inputs at the bottom to the outputs, edges as curves in boxes.

    Lines and curves are as opaque and as thick as edges are important, $\tanh(3 B_{oi})$ of the
    scores of `importance`; edges that are switched off are left out. Each curve fills its box:
    it shows the shape of a function, not its size. A $\times$ is a node that multiplies.

    Args:
        data: inputs in the network's own units, `(*, in)`; none: its domain, filled evenly.
        path: a file to save it to, PNG, SVG or PDF by its ending.
        axes: where to draw; none: a new figure, which pyplot does not know of.
        inputs, outputs: labels; none: $x_1, x_2, ...$ and $y$.

    Raises:
        ValueError: for a network without edges, with more than can be drawn, or with other
            numbers of inputs or outputs than labels.
    """
    layers = edge_layers(network)
    edges = max(layer.dim_in * layer.dim_out for layer in layers)
    if edges > LARGEST:
        raise ValueError(f"want at most {LARGEST} edges in a layer, got {edges}: prune first")
    below = labels(inputs, layers[0].dim_in, "x")
    above = labels(outputs, layers[-1].dim_out, "y")
    import matplotlib as mpl
    from matplotlib.figure import Figure

    width = max(6.0, edges * (BOX + GAP))
    with mpl.rc_context({"font.family": "DejaVu Sans", "mathtext.fontset": "dejavusans"}):
        inch = max(0.28, min(0.8, 15 / width))
        if axes is None:
            height = len(layers) * rise(width) + 1.6
            figure = Figure(figsize=(inch * (width + 0.6), inch * height), layout="constrained")
            axes = figure.subplots()
        picture = Picture(axes, width, inch)
        top = _draw(picture, network, data)
        picture.name(Line(spread(len(below), width), 0), below, "top")
        picture.name(Line(spread(len(above), width), top), above, "bottom")
        axes.set(xlim=(-0.3, width + 0.3), ylim=(-1.1, top + 1.1), aspect="equal")
        axes.set_axis_off()
        if title is not None:
            axes.set_title(title, color=INK)
        figure = axes.figure.get_figure(root=True)
        assert isinstance(figure, Figure)
        if path is not None:
            figure.savefig(path, dpi=200, facecolor=PAPER, bbox_inches="tight")
    return figure


def _draw(picture: Picture, network: nn.Module, data: Tensor | None) -> float:
    """Everything but labels; gives the height of the last row."""
    scores = importance(network, data).edges
    line = Line(spread(edge_layers(network)[0].dim_in, picture.width), 0.0)
    picture.nodes(line)
    number, row = 0, parts(network)
    for part, after in zip(row, [*row[1:], None], strict=True):
        if isinstance(part, EdgeLayer):
            y = line.y + rise(picture.width)
            above = Line(factors(after, picture.width) or spread(part.dim_out, picture.width), y)
            curves = edge_functions(network, number, data).y
            _layer(picture, part, curves, scores[number], (line, above))
            number += 1
        else:
            above = _step(picture, part, line)
        picture.nodes(above)
        line = above
    return line.y


def _layer(
    picture: Picture, layer: EdgeLayer, y: Tensor, score: Tensor, lines: tuple[Line, Line]
) -> None:
    below, above = lines
    kept = torch.ones_like(score) if layer.kept is None else layer.kept
    names = getattr(layer, "names", None)
    shown = [
        (i, o)
        for i in range(layer.dim_in)
        for o in range(layer.dim_out)
        if kept[o, i] > 0 and (names is None or names[o][i] != "0")
    ]
    for x, (i, o) in zip(spread(len(shown), picture.width), shown, strict=True):
        weight = float(torch.tanh(BETA * score[o, i]))
        middle = (below.y + above.y) / 2
        picture.wire((below.xs[i], below.y), (x, middle - BOX / 2), weight)
        picture.wire((x, middle + BOX / 2), (above.xs[o], above.y), weight)
        picture.box((x, middle), y[i, o], weight, None if names is None else names[o][i])


def _step(picture: Picture, part: nn.Module, line: Line) -> Line:
    """From sums to what is made of them: products, or each node's own normalised value."""
    plain = part.plain if isinstance(part, Multiply) else len(line.xs)
    pairs = list(zip(line.xs[plain::2], line.xs[plain + 1 :: 2], strict=True))
    nodes = Line([*line.xs[:plain], *((a + b) / 2 for a, b in pairs)], line.y + STEP)
    for place, x in enumerate(line.xs):
        node = place if place < plain else plain + (place - plain) // 2
        picture.wire((x, line.y), (nodes.xs[node], nodes.y), 1.0)
    for x in nodes.xs[plain:]:
        picture.nodes(Line([x], nodes.y), 2.2)
        picture.write((x, nodes.y), r"$\times$", size=1.2, color=PAPER, ha="center")
    if not isinstance(part, Multiply):
        at = (line.xs[-1] + 0.25, line.y + STEP / 2)
        picture.write(at, type(part).__name__, size=0.8)
    return nodes


def factors(part: nn.Module | None, width: float) -> list[float] | None:
    """Places of the sums below products: side by side under the node they make."""
    if not isinstance(part, Multiply):
        return None
    room = width / (part.plain + part.products)
    nodes = spread(part.plain + part.products, width)
    apart = min(0.6, room / 4)
    pairs = [x + side for x in nodes[part.plain :] for side in (-apart, apart)]
    return [*nodes[: part.plain], *pairs]


def rise(width: float) -> float:
    """From one row of nodes to the next."""
    return max(RISE, STEEP * width)


def spread(number: int, width: float) -> list[float]:
    """So many places across the width, with as much room on each side."""
    return [width * (place + 0.5) / number for place in range(number)]


def labels(given: Sequence[str] | None, number: int, letter: str) -> list[str]:
    """Those that are given, or a letter with numbers."""
    if given is None:
        return [f"${letter}$" if number == 1 else f"${letter}_{{{i + 1}}}$" for i in range(number)]
    if len(given) != number:
        raise ValueError(f"want {number} labels, got {list(given)}")
    return list(given)
