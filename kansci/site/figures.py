"""The figures of boards, as files beside the page that shows them."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from kansci.errors import UserError
from kansci.figures.look import save
from kansci.figures.plots import KINDS
from kansci.figures.plots import Material as Material


class Illustration(NamedTuple):
    """A figure of a board.

    Attributes:
        image: from the root of the site.
        summary: what opens it.
        text: in place of it, for those who do not see it.
    """

    image: str
    summary: str
    text: str


class Illustrations(NamedTuple):
    """What a board has of figures.

    Attributes:
        refused: what further ones would say, and why there is nothing to draw.
    """

    shown: tuple[Illustration, ...]
    refused: tuple[tuple[str, str], ...]


def illustrations(folder: Path, board: str, of: Material) -> Illustrations:
    """Draws the figures of a board that there is anything to draw of."""
    found: list[Illustration] = []
    refused: list[tuple[str, str]] = []
    for name, kind in KINDS.items() if of.rows else ():
        if kind.board != board:
            continue
        try:
            figure = kind.draw(of).figure
        except UserError as problem:  # too few models, tasks or budgets, or no library for it
            refused.append((kind.about.partition(":")[0], str(problem)))
            continue
        image = f"figures/{kind.beside or name}.svg"
        (folder / "figures").mkdir(exist_ok=True)
        save(figure, folder / image)
        summary = kind.about[0].upper() + kind.about[1:]
        found.append(Illustration(image, summary, kind.text))
    return Illustrations(tuple(found), tuple(refused))
