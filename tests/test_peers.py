"""Published arms beside the packages they are named for, with the same weights and the same seeds.

`pip install -e '.[peers]'` installs the packages; without one its tests are skipped.
"""

import importlib
import random
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from types import ModuleType

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from kansci.models import get_model, trainable

WIDTHS = (3, 5, 4, 2)
REACH = 2.5  # of inputs: beyond the grids as well


def installed(name: str) -> ModuleType:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # other people's, as they are imported
        return pytest.importorskip(name, exc_type=ImportError)


@contextmanager
def seeded(seed: int, dtype: torch.dtype) -> Iterator[None]:
    """Global generators at a seed and torch's default dtype, and back: packages set both."""
    before, state, numbers = torch.get_default_dtype(), random.getstate(), np.random.get_state()  # noqa: NPY002
    torch.set_default_dtype(dtype)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            yield
    finally:
        torch.set_default_dtype(before)
        random.setstate(state)
        np.random.set_state(numbers)  # noqa: NPY002


def ours(name: str, seed: int = 1, **options: int) -> nn.Module:
    model = get_model(name, widths=WIDTHS, **options)
    with seeded(seed, torch.float32):
        return model.build(WIDTHS[0], WIDTHS[-1], 10**9)


def points(dtype: torch.dtype, dim_in: int = WIDTHS[0]) -> Tensor:
    unit = torch.rand(200, dim_in, generator=torch.Generator().manual_seed(2))
    return (REACH * (2 * unit - 1)).to(dtype)


def agree(arm: nn.Module, package: Callable[[Tensor], Tensor], x: Tensor) -> None:
    """In outputs and gradients, to 1e-5 in float32 and 1e-10 in float64 of the largest number."""
    v = torch.rand(arm(x).shape, generator=torch.Generator().manual_seed(3)).to(x.dtype)
    within = 1e-5 if x.dtype is torch.float32 else 1e-10

    def answers(network: Callable[[Tensor], Tensor]) -> tuple[Tensor, Tensor]:
        z = x.clone().requires_grad_()
        y = network(z)
        return y.detach(), torch.autograd.grad((y * v).sum(), z)[0]

    for found, expected in zip(answers(arm), answers(package), strict=True):
        scale = max(1.0, expected.abs().max().item())
        torch.testing.assert_close(found, expected, rtol=0, atol=within * scale)


def all_agree(
    arm: nn.Module, package: nn.Module, layers: list[Callable[[Tensor], Tensor]], dtype: torch.dtype
) -> None:
    """Layer by layer from the same points; in float64 the networks, which add rounding up, too."""
    for own, its in zip(arm, layers, strict=True):
        agree(own, its, points(dtype, own.dim_in))
    if dtype is torch.float64:
        agree(arm, package, points(dtype))


@torch.no_grad()
def filled(weights: list[Tensor], values: list[Tensor]) -> None:
    """Random numbers in the package's weights, and the same ones in ours."""
    generator = torch.Generator().manual_seed(4)
    for own, value in zip(weights, values, strict=True):
        noise = torch.rand(value.shape, generator=generator, dtype=torch.double) - 0.5
        value.copy_(noise)
        own.copy_(value)


def pykan(dtype: torch.dtype, **options: object) -> nn.Module:
    """With its defaults, but for the files it would write."""
    kan = installed("kan")
    with seeded(0, dtype):
        return kan.KAN(width=list(WIDTHS), auto_save=False, **options)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("grid", [3, 5, 20])
def test_pykan_has_the_outputs_and_gradients_of_its_arm(grid: int, dtype: torch.dtype):
    package, arm = pykan(dtype, grid=grid), ours("kan-published", grid=grid).to(dtype)
    with torch.no_grad():
        for own, its in zip(arm, package.act_fun, strict=True):
            filled([own.splines.permute(1, 0, 2)], [its.coef])
            filled([own.scale.mT, own.base.mT], [its.scale_sp, its.scale_base])
    layers = [lambda x, its=its: its(x)[0] for its in package.act_fun]
    all_agree(arm, package, layers, dtype)


def test_pykan_starts_as_its_arm_from_the_seed_it_sets():
    package, arm = pykan(torch.float32), ours("kan-published", seed=1)
    for own, its in zip(arm, package.act_fun, strict=True):
        torch.testing.assert_close(own.splines.permute(1, 0, 2), its.coef)
        torch.testing.assert_close(own.scale.mT, its.scale_sp)
        torch.testing.assert_close(own.base.mT, its.scale_base)


def test_pykan_counts_numbers_that_nothing_reads():
    package, arm = pykan(torch.float32), ours("kan-published")
    edges = sum(dim_in * dim_out for dim_in, dim_out in pairwise(WIDTHS))
    assert trainable(package) == trainable(arm) + 4 * edges
    package(points(torch.float32)).sum().backward()
    gradients = [part.affine.grad for part in package.symbolic_fun]
    assert not any(gradient.any() for gradient in gradients)


def linear(dtype: torch.dtype) -> nn.Sequential:
    layer = installed("KANditioned").KANLayer
    with seeded(1, torch.float32):
        layers = [
            layer(i, o, init="random_normal", impl="embedding_bag") for i, o in pairwise(WIDTHS)
        ]
    return nn.Sequential(*layers).to(dtype)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_kanditioned_has_the_outputs_and_gradients_of_its_arm(dtype: torch.dtype):
    package, arm = linear(dtype), ours("linearkan-published").to(dtype)
    for own, its in zip(arm, package, strict=True):
        filled([own.coef.permute(1, 2, 0)], [its.kan_weight])
    all_agree(arm, package, list(package), dtype)


def test_kanditioned_starts_as_its_arm_from_the_same_seed():
    for own, its in zip(ours("linearkan-published"), linear(torch.float32), strict=True):
        torch.testing.assert_close(own.coef.permute(1, 2, 0), its.kan_weight)


def test_kanditioned_does_not_run_as_it_is_by_default():
    package = installed("KANditioned").KANLayer(3, 2, init="random_normal")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # sparse tensors are in beta
        with pytest.raises(RuntimeError, match="mat2 must be a matrix"):
            package(points(torch.float32))


def inkan(dtype: torch.dtype, grid: int) -> nn.Module:
    network = installed("inkan").KANNetwork
    with seeded(1, dtype):
        return network(list(WIDTHS), grid_size=grid, compile_basis=False)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("grid", [5, 20])
def test_inkan_has_the_outputs_and_gradients_of_its_arm(grid: int, dtype: torch.dtype):
    package, arm = inkan(dtype, grid), ours("inkan-published", grid=grid).to(dtype)
    for own, its in zip(arm, package.layers, strict=True):
        filled(
            [own.coef[..., :-1], own.coef[..., -1]],
            [its.spline_weight, its.base_weight],  # views of one packed weight
        )
    all_agree(arm, package, list(package.layers), dtype)


def test_inkan_starts_as_its_arm_from_the_same_seed():
    for own, its in zip(ours("inkan-published"), inkan(torch.float32, 5).layers, strict=True):
        torch.testing.assert_close(own.coef[..., :-1], its.spline_weight)
        torch.testing.assert_close(own.coef[..., -1], its.base_weight)


def flashkan(grid: int, monkeypatch: pytest.MonkeyPatch) -> nn.Module:
    """Not compiled, which takes seconds and may fuse, and so round, in another way."""
    package = installed("flashkan")
    layer, basis = (importlib.import_module(f"flashkan.{name}") for name in ("layer", "basis"))
    monkeypatch.setattr(layer, "bspline_basis", basis.bspline_basis_eager)
    with seeded(1, torch.float32):
        return package.KANNetwork(list(WIDTHS), grid_size=grid)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("grid", [5, 20])
def test_flashkan_has_the_outputs_and_gradients_of_its_arm(
    grid: int, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
):
    """Errors of cancellation included, which are larger than what is allowed here."""
    package = flashkan(grid, monkeypatch).to(dtype)
    arm = ours("flashkan-published", grid=grid).to(dtype)
    for own, its in zip(arm, package.layers, strict=True):
        filled(
            [own.coef[..., :-1], own.coef[..., -1]],
            [its.spline_weight, its.base_weight],
        )
    all_agree(arm, package, list(package.layers), dtype)


@pytest.mark.parametrize("grid", [5, 20, 200])
def test_splines_of_flashkan_are_those_of_its_arm_to_the_last_bit(
    grid: int, monkeypatch: pytest.MonkeyPatch
):
    its = flashkan(grid, monkeypatch).layers[0]
    basis = importlib.import_module("flashkan.basis").bspline_basis_eager
    x = 100 * points(torch.float32)
    own = ours("flashkan-published", grid=grid)[0].basis.parts[0]
    assert torch.equal(own(x), basis(x, its.grid_starts, its.inv_h))


def test_flashkan_starts_as_its_arm_from_the_same_seed(monkeypatch: pytest.MonkeyPatch):
    package = flashkan(5, monkeypatch)
    for own, its in zip(ours("flashkan-published"), package.layers, strict=True):
        torch.testing.assert_close(own.coef[..., :-1], its.spline_weight)
        torch.testing.assert_close(own.coef[..., -1], its.base_weight)
