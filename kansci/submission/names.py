"""Which names are taken: by the zoo, by Records of the ledger, by other submissions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from kansci.discover import home
from kansci.errors import UserError
from kansci.models import list_models
from kansci.submission.fields import safe_name


def free_name(name: str, out: Path, *, own: Path | None = None) -> str:
    """A name as it is, if it is safe and nobody has it, in whatever case.

    Args:
        out: the folder of bundles into which it goes.
        own: the bundle that has it already, and may.

    Raises:
        UserError: says who has it.
    """
    try:
        safe_name(name)
    except ValueError as error:
        raise UserError(f"name: {error}") from error
    for taken, whose in _taken(out, own):
        if taken.casefold() == name.casefold():
            raise UserError(f"name {name!r}: {whose} has {taken!r}; choose another name")
    return name


def _taken(out: Path, own: Path | None) -> Iterator[tuple[str, str]]:
    for model in list_models():
        yield model, "the zoo"
    ledger = home("leaderboards")
    for folder in dict.fromkeys((out.resolve(), (ledger / "models").resolve())):
        for one in _folders(folder):
            if own is None or one != own.resolve():
                yield one.name, f"a submission in {folder}"
    for folder in dict.fromkeys((out.resolve().parent / "records", ledger / "records")):
        for one in _folders(folder):
            yield one.name, f"a model in {folder}"


def _folders(folder: Path) -> list[Path]:
    shown = folder.iterdir() if folder.is_dir() else ()
    return sorted(one for one in shown if not one.name.startswith("."))
