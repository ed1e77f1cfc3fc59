"""Which names are taken: by the zoo, by Records of the ledger, by other submissions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from kansci.discover import home
from kansci.errors import UserError
from kansci.models import list_models
from kansci.submission.fields import safe_name
from kansci.submission.ledger import LEDGERS

BOARDS = "boards"  # the folder of an edition's tables, beside those of its models


def free_name(name: str, out: Path | None = None, *, own: Path | None = None) -> str:
    """A name as it is, if it is safe and nobody has it, in whatever case.

    Args:
        out: the folder of bundles into which it goes; by default that of the ledger.
        own: the bundle that has it already, and may.

    Raises:
        UserError: says who has it.
    """
    try:
        safe_name(name)
    except ValueError as error:
        raise UserError(f"name: {error}") from error
    for taken, whose, hint in _taken(out, own):
        if taken.casefold() == name.casefold():
            raise UserError(f"name {name!r}: {whose} has {taken!r}; choose another name{hint}")
    return name


def _taken(out: Path | None, own: Path | None) -> Iterator[tuple[str, str, str]]:
    """Names, who has each, and what else its owner can do."""
    for model in list_models():
        yield model, "the zoo", ""
    ledger = home("leaderboards").resolve()
    place = (out or ledger / "models").resolve()
    for folder in dict.fromkeys((place, ledger / "models")):
        for one in _folders(folder):
            if own is None or one != own.resolve():
                yours = f", or remove {one} to submit your own again"
                yield one.name, f"a submission in {folder}", yours
    for folder in dict.fromkeys(top / name for top in (place.parent, ledger) for name in LEDGERS):
        for one in _folders(folder):
            if one.name != BOARDS:
                yield one.name, f"a model in {folder}", ""


def _folders(folder: Path) -> list[Path]:
    shown = folder.iterdir() if folder.is_dir() else ()
    return sorted(one for one in shown if one.is_dir() and not one.name.startswith("."))
