"""A name carries its options: `kan[widths=1-1,grid=200]`, `feynman/I.6.20a[noise=0.01]`."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Mapping

from kansci.errors import UnknownName, UserError
from kansci.models.model import Option


def split(name: str) -> tuple[str, dict[str, Option]]:
    """The family, and the options that stand in the name.

    Raises:
        UserError: for a name that is not of this form.
    """
    found = re.fullmatch(r"([^\[\]]+)(?:\[(.*)\])?", name)
    if not found:
        raise UserError(f"model {name!r}: want NAME or NAME[option=value,...]")
    return found[1], read(found[2] or "")


def read(text: str) -> dict[str, Option]:
    """Options as they stand in a name, `widths=1-1,grid=200`."""
    pairs = [pair.partition("=") for pair in text.split(",") if pair]
    return {option.strip(): _read(value.strip()) for option, _, value in pairs}


def join(family: str, options: Mapping[str, Option]) -> str:
    """The name; `split` reads it back."""
    label = ",".join(f"{option}={_written(value)}" for option, value in options.items())
    return f"{family}[{label}]" if label else family


def accepted(
    kind: str, family: str, make: Callable[..., object], options: Mapping[str, Option]
) -> dict[str, Option]:
    """Options that a function takes by keyword, in its own order.

    Args:
        kind: of what it makes, for messages: `model` or `task`.

    Raises:
        UnknownName: for an option that it does not have; says which come close.
        UserError: for a value that is not of the option's kind.
    """
    known = inspect.signature(make).parameters
    for option, value in options.items():
        if option not in known:
            raise UnknownName(f"option of {family}", option, known)
        _check(f"{kind} {family}", option, value, known[option].default)
    return {
        option: float(options[option]) if type(one.default) is float else options[option]  # type: ignore[arg-type]
        for option, one in known.items()
        if option in options
    }


def _check(owner: str, option: str, value: Option, default: Option) -> None:
    if option == "widths":
        want = "two or more positive numbers, as in 2-8-1"
        good = value is None or (isinstance(value, tuple) and len(value) > 1 and _sizes(value))
    elif type(default) is int:
        want, good = "a whole number", type(value) is int
    elif type(default) is float:
        want, good = "a number", type(value) in (int, float)
    else:
        want, good = "a name, or none", value is None or isinstance(value, str)
    if not good:
        raise UserError(f"{owner}: want {option} to be {want}, got {value!r}")


def _sizes(widths: tuple[object, ...]) -> bool:
    return all(type(width) is int and width > 0 for width in widths)


def _read(text: str) -> Option:
    if text == "none":
        return None
    if re.fullmatch(r"\d+(-\d+)+", text):
        return tuple(map(int, text.split("-")))
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
    return value if isinstance(value, int | float | bool) else text


def _written(value: Option) -> str:
    if value is None:
        return "none"
    return "-".join(map(str, value)) if isinstance(value, tuple) else str(value)
