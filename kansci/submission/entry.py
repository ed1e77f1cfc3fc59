"""Who submits what, and under which licence: `entry.json`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, TypeVar

from pydantic import BaseModel, ValidationError

from kansci.errors import UserError
from kansci.record import Frozen
from kansci.submission.fields import Licence, Line, Name, Url

Kind = TypeVar("Kind", bound=BaseModel)


class Entry(Frozen, frozen=True):
    """What a submission says of itself.

    Attributes:
        name: of the model, of its folder, and in its Records.
        url: of the paper or the code.
        licence: an SPDX expression, for the file and the Records.
        suite: whose cells all have their Record.
        about: what is new about the model, in a sentence.
        kansci: the version that wrote this.
    """

    schema_version: Literal[1] = 1
    name: Name
    authors: Line
    url: Url
    licence: Licence
    suite: Name
    about: Line | None = None
    kansci: Line


def parsed(path: Path, kind: type[Kind]) -> Kind:
    """A JSON file as what it should be.

    Raises:
        UserError: in one line, with the field, if it is anything else.
    """
    try:
        return kind.model_validate_json(path.read_bytes())
    except OSError as error:
        raise UserError(f"{path}: want a readable file, got: {error.strerror}") from error
    except ValidationError as error:
        raise UserError(f"{path}: {refusal(error)}") from error


def refusal(error: ValidationError) -> str:
    """The first of what is wrong, with its field."""
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(map(str, first["loc"]))[:80] or "the whole"
    return f"{place}: {first['msg'].removeprefix('Value error, ')}"
