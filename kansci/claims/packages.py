"""Published packages that may be installed: claims are about them where they are."""

from __future__ import annotations

import contextlib
import os
import tempfile
import warnings
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from torch import nn

from kansci.draws import Draws

MISSING = "pykan is left out, as it is not installed: pip install 'kansci[peers]'"


def installed(package: str) -> str:
    """Its version, or nothing."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def pykan(widths: tuple[int, ...], grid: int, *, symbolic: bool = True) -> nn.Module:
    """pykan's network with cubic splines.

    Args:
        symbolic: the branch of symbolic functions, which is on by default and doubles the time.
    """
    with aside():
        package: Any = import_module("kan")
        made = package.KAN(width=list(widths), grid=grid, k=3, seed=0, auto_save=False)
    made.save_act = made.symbolic_enabled = symbolic
    return made


@contextlib.contextmanager
def aside() -> Iterator[None]:
    """Where pykan does no harm: it seeds globally, prints, writes where one stands, and is warned.

    Whatever is drawn or printed meanwhile is gone, and what is written is deleted.
    """
    os.environ.setdefault("MPLBACKEND", "Agg")
    here = os.getcwd()
    with (
        tempfile.TemporaryDirectory() as folder,
        warnings.catch_warnings(),
        Draws("pykan"),
        contextlib.redirect_stdout(None),
    ):
        warnings.simplefilter("ignore")
        os.chdir(folder)
        try:
            yield
        finally:
            os.chdir(here)
