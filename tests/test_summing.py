"""Layers with a gradient of their own: it is autograd's, and steps back where that is needed."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.func import functional_call, grad, jvp, vmap

from kansci.bases import (
    Basis,
    Beside,
    BSpline,
    Chebyshev,
    Fourier,
    Gaussian,
    Hat,
    Jacobi,
    Legendre,
    Pointwise,
    Ramp,
    ReflectionalSwitch,
    ReluBell,
    Sine,
    Summed,
    summing,
)
from kansci.models import kan, wavelet
from kansci.models.kan import KANLayer
from kansci.models.layer import EdgeLayer
from kansci.models.published.faster_kan import HalvedSwitch

BASES: dict[str, Callable[[int], Basis]] = {
    **{
        f"spline, degree {degree}, grid {grid}": lambda i, d=degree, g=grid: BSpline(
            i, degree=d, grid=g
        )
        for degree in range(1, 6)
        for grid in (1, 5, 40)
    },
    "Gaussian": Gaussian,
    "fine Gaussian": lambda i: Gaussian(i, size=40),
    "hat": Hat,
    "one cell": lambda i: Hat(i, grid=1),
    "fine hat": lambda i: Hat(i, grid=50),
    "ramp": Ramp,
    "switch": ReflectionalSwitch,
    "halved switch": HalvedSwitch,
    "ReLU": ReluBell,
    "fourth power": lambda i: ReluBell(i, power=4),
    "Chebyshev": Chebyshev,
    "Legendre": Legendre,
    "Jacobi": lambda i: Jacobi(i, degree=6, a=0.5, b=-0.3),
    "Fourier": Fourier,
    "sine": Sine,
    "identity": lambda i: Pointwise(i, function="identity"),
    "beside": lambda i: Beside(ReluBell(i, power=3), Sine(i), Pointwise(i)),
    "summed": lambda i: Beside(Summed(BSpline(i), Gaussian(i)), Pointwise(i)),
}
LAYERS: dict[str, Callable[[], EdgeLayer]] = {
    **{name: lambda b=basis: KANLayer(3, 60, b(3), bias=True) for name, basis in BASES.items()},
    **{name: lambda n=name: wavelet.Wavelets(3, 4, wavelet=n) for name in wavelet.WAVELETS},
}


def drawn(name: str) -> tuple[EdgeLayer, Tensor]:
    """A layer in float64 and points, some beyond its domain."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(1)
        layer = LAYERS[name]().double()
        for one in layer.parameters():
            one.data += 0.1 * torch.randn_like(one)
        return layer, (5 * torch.rand(20, 2, 3).double() - 2.5).requires_grad_()


def answers(layer: EdgeLayer, x: Tensor) -> list[Tensor]:
    """Values, gradients, and gradients of a function of the gradients."""
    inputs = [x, *layer.parameters()]
    y = layer(x)
    cotangent = torch.linspace(-1, 1, y.numel(), dtype=x.dtype).view(y.shape)
    plain = torch.autograd.grad(y, inputs, cotangent)
    further = torch.autograd.grad(layer(x), inputs, cotangent, create_graph=True)
    total = sum((one.sin().sum() for one in further), torch.zeros(()))
    twice = torch.autograd.grad(total, inputs, allow_unused=True)
    return [y, *plain, *further, *(one for one in twice if one is not None)]


@pytest.mark.parametrize("name", LAYERS)
def test_an_own_gradient_is_autograds(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    layer, x = drawn(name)
    monkeypatch.setattr(summing, "MANY", 100)  # in shares
    monkeypatch.setattr(summing, "FEW", 100)
    monkeypatch.setattr(wavelet, "FEW", 100)
    own = answers(layer, x)
    for module in (kan, wavelet):
        monkeypatch.setattr(module, "alone", lambda *given: False)
    for found, expected in zip(own, answers(layer, x), strict=True):
        scale = max(1.0, expected.abs().max().item())
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-12 * scale)


@pytest.mark.parametrize("name", LAYERS)
def test_values_are_the_same_where_no_gradient_will_be_asked_for(name: str) -> None:
    layer, x = drawn(name)
    expected = layer(x)
    torch.testing.assert_close(layer(x.detach()), expected, rtol=0, atol=1e-12)
    with torch.no_grad():
        torch.testing.assert_close(layer(x), expected, rtol=0, atol=1e-12)


def test_a_gradient_of_the_weights_alone_is_the_same() -> None:
    for name in ("beside", "summed", "spline, degree 3, grid 5"):
        layer, x = drawn(name)
        weights = list(layer.parameters())
        alone = torch.autograd.grad(layer(x.detach()).sin().sum(), weights)
        expected = torch.autograd.grad(layer(x).sin().sum(), weights)
        torch.testing.assert_close(alone, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", ["beside", "summed", "mexican-hat"])
def test_members_and_directions_get_the_same_numbers(name: str) -> None:
    layer, x = drawn(name)
    numbers = dict(layer.named_parameters())

    def loss(numbers: dict[str, Tensor]) -> Tensor:
        return functional_call(layer, numbers, (x,)).square().sum()

    alone = torch.autograd.grad(loss(numbers), list(numbers.values()))
    stacked = {key: torch.stack([one, 2 * one]).detach() for key, one in numbers.items()}
    lifted = vmap(grad(loss))(stacked)
    for expected, found in zip(alone, lifted.values(), strict=True):
        torch.testing.assert_close(found[0], expected, rtol=1e-10, atol=1e-10)
    y = layer(x)
    along = jvp(layer, (x.detach(),), (torch.ones_like(x),))[1]
    with torch.autograd.forward_ad.dual_level():
        dual = layer(torch.autograd.forward_ad.make_dual(x.detach(), torch.ones_like(x)))
        torch.testing.assert_close(torch.autograd.forward_ad.unpack_dual(dual).tangent, along)
    rows = torch.eye(y.numel(), dtype=y.dtype).view(-1, *y.shape)[:3]
    batched = torch.autograd.grad(y, x, rows, is_grads_batched=True, retain_graph=True)[0]
    for row, found in zip(rows, batched, strict=True):
        torch.testing.assert_close(torch.autograd.grad(y, x, row, retain_graph=True)[0], found)


def test_a_layer_that_is_met_twice_counts_each_of_its_gradients_once() -> None:
    with torch.random.fork_rng(devices=[]):
        layer = KANLayer(3, 3, Beside(ReluBell(3), Sine(3))).double()
    x = torch.linspace(-1, 1, 12).double().view(4, 3)
    inputs = list(layer.parameters())
    once = torch.autograd.grad(layer(layer(x)).sum(), inputs)
    again = torch.autograd.grad(layer(layer(x)).sum(), inputs, create_graph=True)
    for found, expected in zip(again, once, strict=True):
        torch.testing.assert_close(found, expected)


def test_a_basis_that_changes_functions_has_no_gradient_of_its_parents() -> None:
    class Doubled(Gaussian):
        def rows(self, x: Tensor, order: int) -> tuple[Tensor, ...]:
            return tuple(2 * row for row in super().rows(x, order))

    layer = KANLayer(2, 9, Doubled(2))
    assert Gaussian.own
    assert not Doubled.own
    x = torch.zeros(1, 2)
    torch.testing.assert_close(layer(x), layer.basis(x).flatten(-2) @ layer.coef.flatten(1).mT)


def test_empty_batches_pass() -> None:
    for name in ("beside", "mexican-hat"):
        layer, _ = drawn(name)
        x = torch.zeros(0, 3).double().requires_grad_()
        layer(x).sum().backward()
        assert x.grad is not None
