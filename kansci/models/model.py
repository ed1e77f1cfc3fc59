"""A model is what is submitted: a name, and how to build a network within a budget."""

from __future__ import annotations

import ast
import inspect
import sys
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import Protocol

import torch
from torch import nn

from kansci.errors import DoesNotFit

Option = int | float | str | bool | None | tuple[int, ...]


class Build(Protocol):
    """Builds a network of at most `parameters` trainable numbers, with torch's generator."""

    def __call__(self, dim_in: int, dim_out: int, parameters: int) -> nn.Module: ...


@dataclass(frozen=True, eq=False)
class Model:
    """What is submitted.

    Attributes:
        name: with its options, `kan[widths=1-1,grid=200]`.
        build: `build(dim_in, dim_out, parameters) -> nn.Module`; raises `DoesNotFit` where no
            network of the kind has so few numbers.
        source: where the idea is published.
        derivatives: the highest derivative of the network's output that is not zero almost
            everywhere; `None`: all. A task that takes more is not applicable.
        continuous: how many derivatives are continuous; `None`: all. A Record is marked `rough`
            where a task takes more.
        quirks: what a published form does that a reader would not expect, a sentence each.
        kind: what the model is grouped by in listings.
        control: a yardstick rather than a contender; boards mark it.
        fitted: how its numbers are found, of a control that is not trained by the recipe's
            optimizers: a name of `kansci.fitting`.
        settings: of that method, tried in place of learning rates.
        entry: the zoo's function of options that it comes from; its source is part of the key.
    """

    name: str
    build: Build
    source: str = ""
    derivatives: int | None = None
    continuous: int | None = None
    about: str = ""
    kind: str = "submitted"
    control: bool = False
    entry: Callable[..., object] | None = None
    quirks: tuple[str, ...] = ()
    fitted: str = ""
    settings: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if bool(self.fitted) != bool(self.settings) or (self.fitted and not self.control):
            raise ValueError("want fitted and settings of a control, and both or neither")

    def rough(self, order: int) -> bool:
        """Whether a task takes a derivative that exists but jumps."""
        return self.continuous is not None and order > self.continuous

    def applies(self, order: int) -> bool:
        """Whether the highest derivative that a task takes says anything about the network."""
        return self.derivatives is None or order <= self.derivatives

    def source_hash(self, dim_in: int, dim_out: int, parameters: int) -> str:
        """Hash of the code that builds this network: builder, layers, bases; comments aside."""
        digest = sha256()
        if self.entry is not None:  # of its file, what it shares with no other: depth and options
            for function in (self.entry, self.build):
                digest.update(code(inspect.getsource(function)).encode())
        for module in sorted(self._modules(dim_in, dim_out, parameters)):
            digest.update(module_code(module).encode())
        return digest.hexdigest()

    def _modules(self, dim_in: int, dim_out: int, parameters: int) -> set[str]:
        names = {kind.__module__ for kind in type(self).__mro__ if kind is not object}
        if self.entry is None:  # a file of one's own counts as a whole
            build = self.build
            while isinstance(build, partial):
                build = build.func
            names.add(getattr(build, "__module__", None) or type(build).__module__)
        try:
            with torch.device("meta"):
                network = self.build(dim_in, dim_out, parameters)
        except (Exception, SystemExit):  # no layers, then; the Record will say why
            return names
        kinds = {kind for part in network.modules() for kind in type(part).__mro__}
        return names | {kind.__module__ for kind in kinds if not _library(kind.__module__)}


def _library(module: str) -> bool:
    return module.partition(".")[0] in {"torch", "builtins", "typing", "abc", "collections"}


def module_code(name: str) -> str:
    """The code of a loaded module, or its name where there is no source to be had."""
    try:
        return code(inspect.getsource(sys.modules[name]))
    except (OSError, TypeError, KeyError):
        return name


def code(source: str) -> str:
    """Python source without comments, docstrings and layout: what decides numbers."""
    tree = ast.parse(inspect.cleandoc("\n" + source) if source[:1].isspace() else source)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if (
            isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
            and body
            and isinstance(body[0], ast.Expr)
            and isinstance(body[0].value, ast.Constant)
            and isinstance(body[0].value.value, str)
        ):
            node.body = body[1:] or [ast.Pass()]
    return ast.unparse(tree)


def trainable(network: nn.Module) -> int:
    """Trainable numbers; a weight that is shared counts once."""
    return sum(weight.numel() for weight in network.parameters() if weight.requires_grad)


def within(parameters: int, make: Callable[[int], nn.Module], *, least: int = 1) -> nn.Module:
    """The largest `make(size)` with at most `parameters` trainable numbers.

    Raises:
        DoesNotFit: if even `make(least)` has more.
    """

    def count(size: int) -> int:
        with torch.device("meta"):  # shapes alone: no memory, no random numbers
            return trainable(make(size))

    sizes = range(least, parameters + least)
    fitting = bisect_right(sizes, parameters, key=count)
    if fitting == 0:
        raise DoesNotFit(
            f"the smallest network has {count(least)} trainable numbers, want <= {parameters}"
        )
    return make(sizes[fitting - 1])


def exactly(
    parameters: int,
    widths: tuple[int, ...],
    dims: tuple[int, int],
    make: Callable[[tuple[int, ...]], nn.Module],
) -> nn.Module:
    """The network of the widths asked for.

    Raises:
        DoesNotFit: if it does not join the task's dimensions or has too many numbers.
    """
    if (widths[0], widths[-1]) != dims:
        raise DoesNotFit(f"want widths from {dims[0]} to {dims[1]}, got {widths=}")
    with torch.device("meta"):
        count = trainable(make(widths))
    if count > parameters:
        raise DoesNotFit(f"{widths=} have {count} trainable numbers, want <= {parameters}")
    return make(widths)
