"""The functions that a network learned on its edges, as small multiples."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn

from kansci.models.edges import edge_functions, edge_layers, importance

POINTS = 49  # of a curve
COLUMNS, ROWS = 6, 4  # edges of a layer that are shown, at most
LEFT, TOP = 64, 30  # room for the names of rows and columns
WIDE, HIGH, GAP = 62, 46, 7  # of a panel, and between two


class Panel(NamedTuple):
    """One edge: its corner, its curve, and what a pointer on it is told."""

    x: float
    y: float
    path: str
    tip: str


class Text(NamedTuple):
    """A name; `kind` is a class of the style sheet."""

    x: float
    y: float
    text: str
    kind: str


class Multiples(NamedTuple):
    """Panels in rows, a block for each layer; places are in the picture's units."""

    panels: tuple[Panel, ...]
    texts: tuple[Text, ...]
    width: float
    height: float
    edges: int
    wide: float = WIDE
    high: float = HIGH


def multiples(
    network: nn.Module, inputs: tuple[str, ...], outputs: tuple[str, ...]
) -> Multiples | None:
    """The most important edges of each layer; `None` for a network without edges.

    A column is a node, so that what leads to it stands above what it leads to. A layer has one
    scale; functions are less their mean, which is a matter of biases.
    """
    try:
        layers = edge_layers(network)
        scores = importance(network)
    except ValueError:
        return None
    panels: list[Panel] = []
    texts: list[Text] = []
    top = 0.0
    for number, layer in enumerate(layers):
        before = _names(layer.dim_in, inputs if number == 0 else ())
        after = _names(layer.dim_out, outputs if number == len(layers) - 1 else ())
        curves = edge_functions(network, number, points=POINTS)
        y = curves.y - curves.y.mean(-1, keepdim=True)  # (in, out, point)
        score, ends = scores.edges[number].mT, (curves.x[:, 0], curves.x[:, -1])
        by_input, by_output = _best(scores.inputs[number]), _best(scores.sums[number])
        turned = layer.dim_in > layer.dim_out
        rows, columns = (by_output, by_input) if turned else (by_input, by_output)
        rows, columns = sorted(rows[:ROWS]), columns[:COLUMNS]
        shown = [(c, r) if turned else (r, c) for r in rows for c in columns]  # (in, out)
        size = max(float(y[i, o].abs().max()) for i, o in shown) or 1.0
        texts.append(Text(0, top + 11, f"Layer {number + 1}, within ±{size:.2g}", "head"))
        row_names, column_names = (after, before) if turned else (before, after)
        for place, column in enumerate(columns):
            middle = LEFT + place * (WIDE + GAP) + WIDE / 2
            texts.append(Text(middle, top + TOP - 4, column_names[column], "name"))
        for place, row in enumerate(rows):
            middle = top + TOP + place * (HIGH + GAP) + HIGH / 2 + 4
            texts.append(Text(LEFT - 7, middle, row_names[row], "row"))
        for place, (i, o) in enumerate(shown):
            row, column = divmod(place, len(columns))
            corner = (LEFT + column * (WIDE + GAP), top + TOP + row * (HIGH + GAP))
            tip = (
                f"{before[i]} to {after[o]}: from {float(y[i, o].min()):.2g} to "
                f"{float(y[i, o].max()):.2g} on [{float(ends[0][i]):.2g}, "
                f"{float(ends[1][i]):.2g}]; importance {float(score[i, o]):.2g}"
            )
            panels.append(Panel(*corner, _path(y[i, o] / size), tip))
        top += TOP + len(rows) * (HIGH + GAP) + 8
    width = LEFT + COLUMNS * (WIDE + GAP)
    edges = sum(layer.dim_in * layer.dim_out for layer in layers)
    return Multiples(tuple(panels), tuple(texts), width, top, edges)


def _names(number: int, given: tuple[str, ...]) -> tuple[str, ...]:
    return given if len(given) == number else tuple(f"node {i + 1}" for i in range(number))


def _best(scores: Tensor) -> list[int]:
    return scores.argsort(descending=True, stable=True).tolist()


def _path(y: Tensor) -> str:
    """A curve of values in [-1, 1] within a panel, from its corner."""
    places = zip(range(POINTS), y.tolist(), strict=True)
    points = [f"{WIDE * k / (POINTS - 1):.1f} {HIGH * (0.5 - 0.46 * v):.1f}" for k, v in places]
    return "M" + "L".join(points)
