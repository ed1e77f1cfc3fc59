"""What an estimator's parameters say about training, checked in one line each."""

from __future__ import annotations

from collections.abc import Collection
from numbers import Integral, Real
from typing import Any

import torch
from sklearn.utils import check_random_state

from kansci.errors import UnknownName
from kansci.recipe import SEARCHING, Optimizer

NAMES = ("adam", "sgd", "lbfgs", "lm")
DTYPES = {"float32": torch.float32, "float64": torch.float64}


def optimizers(names: str, evaluations: int, decay: float, batch: int | None) -> list[Optimizer]:
    """Those that are named, `adam+lbfgs`; the second of two has a fifth of the evaluations.

    Raises:
        UnknownName: for a name that is none of them.
        ValueError: for more than two, a batch where all rows are wanted, or decay without Adam.
    """
    parts = str(names).split("+")
    for name in parts:
        if name not in NAMES:
            raise UnknownName("optimizer", name, NAMES, "two at most, as in 'adam+lbfgs'")
    if len(parts) > 2:
        raise ValueError(f"want one optimizer, or two as in 'adam+lbfgs', got optimizer={names!r}")
    searching = [name for name in parts if name in SEARCHING]
    if searching and batch is not None:
        raise ValueError(
            f"{searching[0]} wants a loss that stays as it is, got {batch=}: "
            "batch=None, or optimizer='adam'"
        )
    if decay and "adam" not in parts:
        raise ValueError(f"decay is of adam, got {decay=} with optimizer={names!r}: omit it")
    second = evaluations // 5 if len(parts) == 2 else 0
    shares = [evaluations - second, second][: len(parts)]
    return [
        Optimizer(name="adamw", evaluations=share, decay=decay)
        if decay and name == "adam"
        else Optimizer(name=name, evaluations=share)  # type: ignore[arg-type]
        for name, share in zip(parts, shares, strict=True)
        if share
    ]


def seed_of(random_state: Any) -> int:
    """A whole number is the seed itself; of anything else one is drawn, as scikit-learn does."""
    if isinstance(random_state, Integral):
        return int(random_state)
    return int(check_random_state(random_state).randint(2**31 - 1))


def whole(name: str, value: Any, *, least: int = 1) -> int:
    """Raises a ValueError for what is no whole number from `least` on."""
    if not isinstance(value, Integral) or isinstance(value, bool) or value < least:
        raise ValueError(f"want {name} to be a whole number >= {least}, got {value!r}")
    return int(value)


def positive(name: str, value: Any, *, below: float = float("inf"), zero: bool = False) -> float:
    """Raises a ValueError for what is no number between 0 and `below`."""
    number = float(value) if isinstance(value, Real) and not isinstance(value, bool) else -1.0
    if not (0 < number < below or (zero and number == 0)):
        limit = f" and < {below:g}" if below < float("inf") else ""
        wanted = f"a number {'>=' if zero else '>'} 0{limit}"
        raise ValueError(f"want {name} to be {wanted}, got {value!r}")
    return number


def one_of(name: str, value: Any, known: Collection[str]) -> str:
    """Raises a ValueError for what is not on the list."""
    if value not in known:
        raise ValueError(f"want {name} to be {' or '.join(known)}, got {value!r}")
    return value
