"""How figures look: one style, colours that the colour-blind can tell apart, files that repeat.

No figure is registered with pyplot, so none has to be closed and nothing opens a window.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from zlib import crc32

import numpy as np

from kansci.boards.board import Row
from kansci.boards.reference import MODEL
from kansci.boards.tables import MARK
from kansci.models import list_models
from kansci.statistics.stats import Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito 2008, without yellow, which is faint on white.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
*PALETTE, BLACK = COLOURS  # black is the reference's
MARKERS, THEIRS = "osD^vPX<>", "ph8"  # of the zoo, and of models that it does not have
Line = str | tuple[int, tuple[int, ...]]
LINES: tuple[Line, ...] = ("-", "-.", ":", (0, (3, 1, 1, 1, 1, 1)))
# The models of most figures: by sixes no two of a colour, and what is often compared far apart.
FIRST = (
    *("kan", "fastkan", "fasterkan", "chebykan", "linearkan", "relukan"),
    *("fourierkan", "wavkan", "hrkan", "mlp-spline", "mlp-tanh", "mlp-sine"),
    *("kan-published", "grkan", "linear-rbf", "kan-one-layer", "legendre", "kernel-ridge"),
    "boosted-trees",
)
INK, FAINT = "#222222", "#999999"
LOOK: dict[Any, Any] = {
    "font.family": "DejaVu Sans",  # comes with matplotlib, so figures are the same everywhere
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.edgecolor": FAINT,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": "#E5E5E5",
    "legend.frameon": False,
    "svg.hashsalt": "kansci",
}


@contextmanager
def canvas(width: float, height: float) -> Iterator[tuple[Figure, Axes]]:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(LOOK):
        figure = Figure(figsize=(width, height), layout="constrained")
        yield figure, figure.subplots()


def models(axes: Axes, rows: Sequence[Row], at: float = 0.0) -> None:
    """Names down the side, the first on top."""
    names = [named(row.model, row.control) for row in rows]
    axes.set_yticks(np.arange(len(rows)) + at, names, rotation=0)
    axes.set_ylim(max(1, len(rows)) - 0.5 + at, at - 0.5)


def say(axes: Axes, y: float, text: str) -> None:
    """A remark in place of data, on white, so that no line of the grid crosses it."""
    axes.text(
        0.01,
        y,
        text,
        color=FAINT,
        size=8,
        va="center",
        in_layout=False,  # a long remark must not squeeze the axes
        transform=axes.get_yaxis_transform(),
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
    )


def legend(axes: Axes) -> None:
    """Beside the axes, where it covers nothing."""
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1), borderaxespad=0)


def plain_ticks(axes: Axes) -> None:
    """Ticks at 1, 2, 5 and their powers of ten, as plain numbers."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_locator(NullLocator())


class Style(NamedTuple):
    """By what a model is told from others."""

    colour: str
    marker: str
    line: Line


def style_of(model: str) -> Style:
    """The same in every figure, whoever else is there: black for the reference MLP.

    Models of the zoo have one each, which those that are added behind them leave as it is. Others
    have markers that the zoo has not, by a hash of their name.
    """
    if model == MODEL:
        return Style(BLACK, "d", "-")
    zoo = [*FIRST, *(name for name in list_models() if name not in (MODEL, *FIRST))]
    if model not in zoo:
        rest, colour = divmod(crc32(model.encode()), len(PALETTE))
        line, marker = divmod(rest, len(THEIRS))
        return Style(PALETTE[colour], THEIRS[marker], LINES[line % len(LINES)])
    lap, colour = divmod(zoo.index(model), len(PALETTE))
    marker = (2 * lap + colour) % len(MARKERS)  # none twice with a colour in nine laps
    return Style(PALETTE[colour], MARKERS[marker], LINES[lap % len(LINES)])


def drawn(row: Row) -> dict[str, Any]:
    """What `plot` is told of a model: its style and its name, hollow and dashed for controls."""
    colour, marker, line = style_of(row.model)
    return {
        "color": colour,
        "marker": marker,
        "linestyle": "--" if row.control else line,
        "markerfacecolor": "white" if row.control else colour,
        "label": named(row.model, row.control),
        "zorder": 3 if row.model == MODEL else 2,  # the others are compared with the reference
    }


def named(model: str, control: bool) -> str:
    """Its name, with the mark of a control."""
    return f"{model} {MARK}" if control else model


def raster(
    values: Floats, path: Path, *, colours: str, limits: tuple[float, float], log: bool = False
) -> None:
    """An image alone, `(row, column)` from the lower left, as PNG; clear where there is nothing."""
    from matplotlib import colormaps
    from matplotlib.colors import LogNorm, Normalize
    from matplotlib.image import imsave

    norm = (LogNorm if log else Normalize)(*limits, clip=True)
    image = colormaps[colours](norm(np.ma.masked_invalid(values)), bytes=True)
    imsave(path, image, origin="lower", metadata={"Software": "kansci"})


def shades(colours: str, number: int = 12) -> list[str]:
    """A colour map as so many colours, from the lowest to the highest."""
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    return [to_hex(one) for one in colormaps[colours](np.linspace(0, 1, number))]


def save(figure: Figure, path: str | Path) -> Path:
    """PNG or SVG by the path's ending; the same bytes whenever the same figure is saved."""
    import matplotlib as mpl

    path = Path(path)
    drop = {"Date": None, "Creator": None} if path.suffix == ".svg" else {"Software": None}
    with mpl.rc_context(LOOK):
        figure.savefig(path, dpi=150, metadata=drop)
    return path
