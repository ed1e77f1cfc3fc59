"""What the options of `kansci speed` may be, and what they mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import torch
from rich.console import Console

from kansci.errors import UnknownName, UserError
from kansci.record import Gear, Work
from kansci.speed.lane import no_compiler
from kansci.speed.laps import Place

WORKS: dict[str, Work] = {
    "forward": "forward",
    "backward": "forward + backward",
    "step": "training step",
    "inference": "inference",
}
GEARS: dict[str, Gear] = {"eager": "eager", "compiled": "compiled"}
DTYPES = {name: name for name in ("float32", "float64")}
SHAPES = ("budget", "784-256-10")
BUDGETS = (250,)

T = TypeVar("T")


def places_of(shapes: Sequence[str], budgets: Sequence[int]) -> list[Place]:
    """Budgets and widths, each once.

    Raises:
        UserError: for a shape that is no list of widths.
    """
    places: list[Place] = []
    for text in shapes:
        if text == "budget":
            places += budgets
            continue
        widths = tuple(int(part) for part in text.split("-") if part.isdecimal())
        if len(widths) < 2 or "-".join(map(str, widths)) != text or min(widths) < 1:
            raise UserError(f"--shape {text}: want 'budget' or widths such as 784-256-10")
        places.append(widths)
    return list(dict.fromkeys(places))


def chosen(option: str, names: Sequence[str], known: dict[str, T]) -> list[T]:
    """What the names of an option mean, each once.

    Raises:
        UnknownName: for a name that means nothing.
    """
    for name in names:
        if name not in known:
            raise UnknownName(option, name, known)
    return [known[name] for name in dict.fromkeys(names)]


def compilable(gears: list[Gear], device: torch.device, console: Console) -> list[Gear]:
    """Gears that the machine has; says once what it lacks.

    Raises:
        UserError: if none is left.
    """
    lacking = no_compiler(device) if "compiled" in gears else ""
    if not lacking:
        return gears
    left: list[Gear] = [gear for gear in gears if gear == "eager"]
    if not left:
        raise UserError(f"--gear compiled: {lacking} on this machine; install one, or time eager")
    console.print(f"There is {lacking} on this machine: the gear 'compiled' is left out.")
    return left
