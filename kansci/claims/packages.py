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

import torch
from torch import nn

from kansci.claims.measurement import LEFT_OUT
from kansci.draws import Draws
from kansci.speed.lane import no_compiler


def missing(package: str) -> str:
    """A remark."""
    return f"{package} {LEFT_OUT} is not installed: pip install 'kansci[peers]'"


MISSING = missing("pykan")


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


def pykan_layer(dim_in: int, dim_out: int, grid: int, degree: int) -> nn.Module:
    """One layer of pykan's, in float64, of which the outputs are the first of what it returns."""
    with aside():
        package: Any = import_module("kan")
        return package.KANLayer(dim_in, dim_out, num=grid, k=degree).double()


def lacking(package: str) -> str:
    """Why a package that compiles itself cannot be timed as it installs; empty if it can."""
    if not installed(package):
        return missing(package)
    reason = no_compiler(torch.device("cpu"))
    return f"{package} {LEFT_OUT} compiles itself: {reason}" if reason else ""


def as_installed(package: str, widths: tuple[int, ...]) -> nn.Module:
    """The network of inkan or flashkan with the options that it comes with: it compiles itself.

    `kansci.speed.packages` has them uncompiled, as gears are the lane's.
    """
    module: Any = _imported(package)
    if package == "flashkan":  # the lane replaces what it compiles
        layer, basis = (import_module(f"flashkan.{name}") for name in ("layer", "basis"))
        vars(layer)["bspline_basis"] = vars(basis)["bspline_basis"]
    with Draws(package):
        return module.KANNetwork(list(widths))


def kanditioned(dim_in: int, dim_out: int, points: int) -> nn.Module:
    """The layer of kanditioned, with the kernel that its text names as the default."""
    module: Any = _imported("KANditioned")
    with Draws("kanditioned"):
        return module.KANLayer(
            dim_in, dim_out, "random_normal", num_control_points=points, impl="embedding_bag"
        )


def _imported(module: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return import_module(module)


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
