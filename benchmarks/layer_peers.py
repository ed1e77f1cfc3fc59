"""Whose layer each of ours stands beside: a package where there is one, else a transcription."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import NamedTuple

import layer_formulas as formulas
import torch
from layer_formulas import Bells, Both, Product, Rational, ReluBells, Sines, Wavelets
from torch import Tensor, nn

from kansci.discover import get_model

Make = Callable[[int, int], nn.Module]
MISSING = "not installed: pip install -e '.[peers]'"
RECURSION = "Cox-de Boor, as in efficient-kan (transcription)"


class Peer(NamedTuple):
    """Somebody else's layer.

    Attributes:
        name: of the package; or of what it is transcribed from, and that it is.
        make: a layer of as many inputs and outputs, and as many functions as ours.
        package: to be imported; none for a transcription.
        most: ours over theirs, in processor time, that is to be reached.
    """

    name: str
    make: Make
    package: str | None = None
    most: float = 1.0

    @property
    def here(self) -> bool:
        return self.package is None or find_spec(self.package) is not None


class First(nn.Module):
    """Of a layer that also gives what pictures need, what it computes."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x)[0]


def ours(variant: str, dim_in: int, dim_out: int) -> nn.Module:
    """The first layer of a network of the zoo."""
    bare, _, options = variant.partition("[")
    asked = dict(pair.split("=") for pair in options.removesuffix("]").split(",") if pair)
    network = get_model(bare, widths=(dim_in, dim_out, 1), **asked).build(dim_in, 1, 10**9)
    return next(network.children())


def imported(package: str) -> object:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return import_module(package)


def pykan(dim_in: int, dim_out: int) -> nn.Module:
    """Its layer alone: its network adds a symbolic branch, which costs more."""
    return First(imported("kan").KANLayer(dim_in, dim_out, num=5, k=3))  # type: ignore[attr-defined]


def inkan(dim_in: int, dim_out: int) -> nn.Module:
    """Not compiled, as ours is not."""
    return imported("inkan").KANLayer(dim_in, dim_out, compile_basis=False)  # type: ignore[attr-defined]


def flashkan(dim_in: int, dim_out: int) -> nn.Module:
    """Not compiled, as ours is not: with the function that it compiles."""
    layer = imported("flashkan").KANLayer(dim_in, dim_out)  # type: ignore[attr-defined]
    import_module("flashkan.layer").bspline_basis = import_module(  # type: ignore[attr-defined]
        "flashkan.basis"
    ).bspline_basis_eager
    return layer


def kanditioned(impl: str) -> Make:
    """On as many points as ours; its default kernel fails for any input."""

    def make(dim_in: int, dim_out: int) -> nn.Module:
        layer = imported("KANditioned").KANLayer  # type: ignore[attr-defined]
        return layer(dim_in, dim_out, "random_normal", 8, 2.0, impl=impl)

    return make


def written(of: str, make: Make) -> tuple[Peer, ...]:
    return (Peer(f"{of} (transcription)", make),)


def of(
    functions: Callable[[int], formulas.Functions], *, base: bool = False, bias: bool = False
) -> Make:
    """A layer of functions that are made for a number of inputs."""
    return lambda dim_in, dim_out: Product(dim_in, dim_out, functions(dim_in), base=base, bias=bias)


def wavelets(wavelet: Callable[[Tensor], Tensor]) -> Make:
    return lambda dim_in, dim_out: Wavelets(dim_in, dim_out, wavelet)


PEERS: dict[str, tuple[Peer, ...]] = {
    "kan": (
        Peer("pykan", pykan, "kan", 1 / 8),
        Peer("inkan", inkan, "inkan"),
        Peer("flashkan", flashkan, "flashkan"),
        Peer(RECURSION, formulas.CoxDeBoor, None, 1 / 3),
    ),
    "bsrbfkan": written("BSRBF-KAN", of(Both, base=True)),
    "freeknotkan": written("Free-knots KAN", of(formulas.FreeKnots, base=True)),
    "fastkan": written(
        "FastKAN", of(lambda _: Bells(formulas.gaussian, 2.0), base=True, bias=True)
    ),
    "fasterkan": written("FasterKAN", of(lambda _: Bells(formulas.switch, 1.2))),
    "relukan": written("ReLU-KAN", of(lambda dim_in: ReluBells(dim_in, 2), bias=True)),
    "hrkan": written("HRKAN", of(lambda dim_in: ReluBells(dim_in, 4), bias=True)),
    "linearkan": tuple(
        Peer(f"kanditioned, {impl}", kanditioned(impl), "KANditioned")
        for impl in ("embedding_bag", "embedding")
    ),
    "chebykan": written("ChebyKAN", of(lambda _: formulas.chebyshev)),
    "legendrekan": written("KALnet", of(lambda _: lambda x: formulas.jacobi(x, 0, 0))),
    "jacobikan": written("JacobiKAN", of(lambda _: lambda x: formulas.jacobi(x, 1, 1))),
    "fourierkan": written("FourierKAN", of(lambda _: formulas.fourier, bias=True)),
    "sinekan": written("SineKAN", of(Sines, bias=True)),
    "wavkan": written("Wav-KAN", wavelets(formulas.mexican_hat)),
    "wavkan[wavelet=morlet]": written("Wav-KAN", wavelets(formulas.morlet)),
    "wavkan[wavelet=dog]": written("Wav-KAN", wavelets(formulas.derivative_of_gaussian)),
    "grkan": written("GR-KAN", of(Rational, bias=True)),
    "powermlp": written("PowerMLP", formulas.Powers),
    "kaf": written("KAF", formulas.Kaf),
}


def seeded(make: Make, dim_in: int, dim_out: int) -> nn.Module:
    """Built from a state of the global generator that is put back."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(1)
        return make(dim_in, dim_out)
