"""A submitted model as this process knows it: what its file says of itself, and none of its code.

What is asked of it runs in the sandbox of its file. Facts are checked like anything that a
stranger says, and named like what they are: claims, which `kansci check` and `verify` put to the
test.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, Field, NonNegativeInt, ValidationError
from torch import nn

from kansci.discover import Origin, adopt, digest_of, find_model
from kansci.errors import DoesNotFit, UserError
from kansci.models import Model
from kansci.sandbox.errands import LONGEST, errand, printable

SAYS = "kansci.sandbox.foreign:facts"
HASHES = "kansci.source:source_of"
NOWHERE = Origin("")
Text = Annotated[str, Field(max_length=LONGEST), AfterValidator(printable)]
SHA256 = re.compile(r"[0-9a-f]{64}")


class Described(BaseModel, frozen=True, extra="forbid"):
    """What a file says of its model; see `Model`."""

    name: str = Field(min_length=1, max_length=100)
    source: Text
    derivatives: NonNegativeInt | None
    continuous: NonNegativeInt | None
    about: Text
    kind: str = Field(max_length=100)
    control: bool
    quirks: tuple[Text, ...] = Field(max_length=20)
    fitted: str = Field(max_length=0, description="controls that are fitted come with kansci")
    settings: tuple[float, ...] = Field(max_length=0)


def facts(model: Model) -> dict[str, Any]:
    """In the sandbox: what a model says of itself."""
    return {name: getattr(model, name) for name in Described.model_fields}


def describe(file: str | Path) -> Described:
    """What a file says of its model, found out in its sandbox.

    Raises:
        UserError: in one line, if it cannot be loaded there, or says what no model is.
    """
    return _described(_origin(Path(file)))


@dataclass(frozen=True, eq=False)
class Foreign(Model):
    """A model whose code never runs in this process.

    Attributes:
        origin: its file.
    """

    origin: Origin = NOWHERE

    def source_hash(self, dim_in: int, dim_out: int, parameters: int) -> str:
        """As the model itself would say it, asked in its sandbox.

        Raises:
            UserError: as `errand`.
        """
        return _hash(self.origin, dim_in, dim_out, parameters)


def foreign(file: str | Path) -> Foreign:
    """The model of a file, without loading it here.

    Raises:
        UserError: as `describe`.
    """
    origin = _origin(Path(file))
    given = dict(_described(origin))
    model = Foreign(build=_absent, origin=origin._replace(name=given["name"]), **given)
    adopt(model, model.origin)
    return model


def named(name: str) -> Model:
    """As `find_model`, but that a file is not loaded here."""
    return foreign(name) if name.endswith(".py") else find_model(name)


def answer(origin: Origin, function: str, **given: Any) -> Any:
    """What a file's sandbox answers where nothing has to fit; see `errand`.

    Raises:
        UserError: as `errand`, and where it says all the same that something does not fit.
    """
    try:
        return errand(origin, function, **given)
    except DoesNotFit as unfit:
        said = f"want an answer, got that something does not fit: {unfit}"
        raise UserError(f"{origin.file}: {said}") from None


def _absent(dim_in: int, dim_out: int, parameters: int) -> nn.Module:
    raise UserError("a submitted model is built in its sandbox only, never in this process")


def _origin(file: Path) -> Origin:
    path = file.resolve()
    if not path.is_file():
        raise UserError(
            f"no file {str(file)!r}: want a Python file; `kansci new {file}` writes one"
        )
    return Origin("", str(path), digest_of(path))


@cache
def _described(origin: Origin) -> Described:
    said = answer(origin, SAYS)
    try:
        found = Described.model_validate(said)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))[:80]
        raise UserError(f"{origin.file}: of its model, {where}: {first['msg']}") from None
    if not all(text.isprintable() for text in (found.name, found.kind)):
        raise UserError(f"{origin.file}: want a name that can be printed, got {found.name!r}")
    return found


@cache
def _hash(origin: Origin, dim_in: int, dim_out: int, budget: int) -> str:
    said = answer(origin, HASHES, dim_in=dim_in, dim_out=dim_out, budget=budget)
    if not isinstance(said, str) or not SHA256.fullmatch(said):
        raise UserError(f"{origin.file}: want a SHA-256 of its source, got {str(said)[:80]!r}")
    return said
