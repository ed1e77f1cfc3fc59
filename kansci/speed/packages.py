"""Published packages as they install, for the speed lane: their own networks, and nobody's copy.

The zoo's `-published` models are what authors wrote, in our words, so that they train and count as
others do. How fast a package is only the package can tell; the rows of what is imported here are
called `-package`. Their networks have the widths that a KAN of the zoo would have, and the options
that they come with, except that nothing compiles itself: gears are the lane's.

Source: the packages inkan 0.5.2, flashkan 0.2.0, kanditioned 1.0.4 and pykan 0.2.8 on PyPI.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from itertools import count, pairwise
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from kansci.errors import DoesNotFit, UnknownName, UserError
from kansci.models import Model, trainable
from kansci.models.depth import Make, Widths
from kansci.models.model import Build, exactly

ENDING = "-package"
MOST = 10_000  # edges of pykan, which keeps several tensors of batch x edges


class Package(NamedTuple):
    """What is installed, and how to make a network of given widths from it.

    Attributes:
        distribution: its name on PyPI.
        module: what it is imported as.
        make: from the imported module and widths.
    """

    distribution: str
    module: str
    make: Callable[[Any, Widths], nn.Module]
    about: str


class Bare(nn.Module):
    """A network whose own `to` takes no dtype."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        return self.network(x)


def inkan(module: Any, widths: Widths) -> nn.Module:
    return module.KANNetwork(list(widths), compile_basis=False)


def flashkan(module: Any, widths: Widths) -> nn.Module:
    """With the function that it compiles as it is imported: it has no option for it."""
    eager = import_module("flashkan.basis").bspline_basis_eager
    vars(import_module("flashkan.layer"))["bspline_basis"] = eager
    return module.KANNetwork(list(widths))


def kanditioned(module: Any, widths: Widths) -> nn.Module:
    """Layers in a row, as it has no network, by its README's kernel; its default's fails."""
    return nn.Sequential(
        *(
            module.KANLayer(*pair, "random_normal", impl="embedding_bag")
            for pair in pairwise(widths)
        )
    )


def pykan(module: Any, widths: Widths) -> nn.Module:
    return Bare(_pykan(module, widths))


def pykan_fast(module: Any, widths: Widths) -> nn.Module:
    """In its speed mode, without the symbolic branch, whose numbers would never be used."""
    network = _pykan(module, widths).speed()
    network.symbolic_fun.requires_grad_(False)
    return Bare(network)


def _pykan(module: Any, widths: Widths) -> Any:
    if (edges := sum(a * b for a, b in pairwise(widths))) > MOST:
        raise DoesNotFit(f"pykan keeps tensors of batch x edges: want <= {MOST}, got {edges}")
    with torch.device("cpu"):  # it computes as it is built: shapes alone are too little
        return module.KAN(width=list(widths), auto_save=False)


PACKAGES = {
    "inkan": Package("inkan", "inkan", inkan, "cubic B-splines on 5 cells, SiLU branch"),
    "flashkan": Package(
        "flashkan", "flashkan", flashkan, "cubic B-splines from truncated cubes, SiLU branch"
    ),
    "kanditioned": Package("kanditioned", "KANditioned", kanditioned, "hats on 32 points"),
    "pykan": Package("pykan", "kan", pykan, "cubic B-splines on 3 cells, symbolic branch"),
    "pykan-fast": Package("pykan", "kan", pykan_fast, "the same in its speed mode"),
}


def get_package(name: str, widths: Widths | None = None) -> Model:
    """The network of a package as a model called `inkan-package`.

    Raises:
        UnknownName: for a package that nobody has described here.
        UserError: if it is not installed.
    """
    name = name.removesuffix(ENDING)
    if name not in PACKAGES:
        raise UnknownName("package", name, PACKAGES)
    package = PACKAGES[name]
    module = _imported(package)

    def make(widths: Widths) -> nn.Module:
        return package.make(module, widths)

    def entry(widths: Widths | None = None) -> Model:
        return get_package(name, widths)

    shape = "" if widths is None else f"[widths={'-'.join(map(str, widths))}]"
    return Model(
        f"{name}{ENDING}{shape}",
        _builder(widths, make),
        source=f"{installed(name)} on PyPI",
        about=package.about,
        kind="package",
        entry=entry,
    )


def package_of(model: Model) -> str:
    """The package and its version, `inkan 0.5.2`; empty for any other model."""
    name = model.name.partition("[")[0].removesuffix(ENDING)
    return installed(name) if model.kind == "package" and name in PACKAGES else ""


def installed(name: str) -> str:
    """`inkan 0.5.2`."""
    distribution = PACKAGES[name].distribution
    return f"{distribution} {version(distribution)}"


def _builder(widths: Widths | None, make: Make) -> Build:
    """As deep as a KAN of the zoo; wider and wider, as not every package can count on its shapes.

    Raises:
        DoesNotFit: if the narrowest network has too many numbers.
    """

    def build(dim_in: int, dim_out: int, parameters: int) -> nn.Module:
        if widths is not None:
            return exactly(parameters, widths, (dim_in, dim_out), make)
        hidden = 1 if parameters <= 1_000 else 2
        best = None
        for width in count(1):
            network = make((dim_in, *[width] * hidden, dim_out))
            if trainable(network) > parameters:
                break
            best = network
        if best is None:
            raise DoesNotFit(f"the narrowest network has more than {parameters} numbers")
        return best

    return build


def _imported(package: Package) -> Any:
    try:
        version(package.distribution)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # other people's, as they are imported
            return import_module(package.module)
    except (ImportError, PackageNotFoundError) as error:
        raise UserError(
            f"package {package.distribution}: want it installed, got {type(error).__name__}: "
            f"{error}; pip install 'kansci[peers]'"
        ) from None
