"""References are held to other methods: quadrature, other integrators, the equation itself."""

import itertools
import math
import multiprocessing
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.integrate import quad, solve_ivp
from torch import Tensor

from kansci.discover import get_task
from kansci.sampling import stream
from kansci.solvers import ColeHopf, Periodic
from kansci.solvers.cache import kept
from kansci.solvers.etdrk4 import solve

VISCOSITY = 0.01 / math.pi


def reference(name: str) -> Periodic:
    truth = get_task(name).probes[0].answers
    assert isinstance(truth, Periodic)
    return truth


class Smooth:
    """A solution between the times that are kept: a polynomial in time through ten of them."""

    def __init__(self, truth: Periodic) -> None:
        self.modes = torch.from_numpy(truth.modes)
        self.apart = truth.step * truth.every

    def __call__(self, x: Tensor) -> Tensor:
        row = x[:, 1] / self.apart
        first = (row.detach().floor().long() - 4).clamp(0, len(self.modes) - 10)
        away = row - first  # in units of what lies between two times
        weights = torch.stack(
            [
                math.prod((away - j) / (i - j) for j in range(10) if j != i) * torch.ones_like(away)
                for i in range(10)
            ],
            -1,
        )
        near = self.modes[first.unsqueeze(-1) + torch.arange(10)]  # (point, 10, mode)
        real, imaginary = ((weights.unsqueeze(-1) * part).sum(1) for part in (near.real, near.imag))
        phase = torch.outer(x[:, 0], torch.pi * torch.arange(near.shape[-1], dtype=x.dtype))
        return (real * phase.cos() - imaginary * phase.sin()).sum(-1, keepdim=True)


@pytest.mark.parametrize("name", ["kdv", "allen_cahn"])
def test_references_have_no_loss(name: str):
    """The equation's own residual, with slopes in time by a polynomial; from t = 0.1 to 0.2."""
    truth = reference(name)
    fine = replace(truth, every=truth.every // 4, count=80)
    task = get_task(name)
    inside, *places = task.stages[0].sample(stream("test"), 64)
    inside[:, 1] = 0.1 + inside[:, 1] / 10
    for table in places[1:]:
        table[:, 1] = 0.1 + table[:, 1] / 10
    start, *edges = places
    x = torch.cat([inside[:, :1], torch.full_like(inside[:, 1:], 0.15)], 1)
    torch.testing.assert_close(Smooth(fine)(x), truth(x), rtol=0, atol=1e-10)

    def exact(x: Tensor) -> Tensor:
        return truth(x) if (x[:, 1] == 0).all() else Smooth(fine)(x)

    loss = task.stages[0].loss
    for part in loss.parts:  # type: ignore[attr-defined]
        table = (inside, start, *edges)[part.takes[0]]
        assert part.residual(exact, table).square().mean().item() < 1e-13


def test_allen_cahn_is_that_of_an_explicit_integrator():
    truth = reference("allen_cahn")
    wave = np.pi * np.arange(513)
    amplitudes = truth.amplitudes
    assert amplitudes is not None

    def slope(_: float, modes: np.ndarray) -> np.ndarray:
        modes = modes[:513] + 1j * modes[513:]
        u = np.fft.irfft(modes * 1_024, 1_024)
        rest = np.fft.rfft(5 * (u - u**3)) / 1_024 - 1e-4 * wave**2 * modes
        return np.concatenate([rest.real, rest.imag])

    start = np.concatenate([amplitudes(np.arange(513)), np.zeros(513)])
    end = solve_ivp(slope, (0, 0.5), start, "DOP853", rtol=1e-11, atol=1e-13).y[:, -1]
    u = np.fft.irfft((end[:513] + 1j * end[513:]) * 1_024, 1_024)
    x = torch.arange(1_024, dtype=torch.double).unsqueeze(-1) / 512 - 1  # the series begins at 0
    found = truth(torch.cat([x, torch.full_like(x, 0.5)], 1)).squeeze(-1).numpy()
    np.testing.assert_allclose(found, np.roll(u, 512), atol=1e-8)


def test_korteweg_de_vries_is_that_of_an_explicit_integrator():
    """In a frame that turns each mode as the linear part does."""
    truth = reference("kdv")
    wave = np.pi * np.arange(129)
    turn = 1j * wave**3 / 400

    def slope(t: float, turned: np.ndarray) -> np.ndarray:
        modes = (turned[:129] + 1j * turned[129:]) * np.exp(turn * t)
        u = np.fft.irfft(modes * 256, 256)
        rest = -0.5j * wave * np.fft.rfft(u**2) / 256 * np.exp(-turn * t)
        return np.concatenate([rest.real, rest.imag])

    start = np.zeros(258)
    start[1] = 0.5
    end = solve_ivp(slope, (0, 0.3), start, "DOP853", rtol=1e-10, atol=1e-12).y[:, -1]
    modes = (end[:129] + 1j * end[129:]) * np.exp(turn * 0.3)
    x = torch.arange(256, dtype=torch.double).unsqueeze(-1) / 128
    found = truth(torch.cat([x, torch.full_like(x, 0.3)], 1)).squeeze(-1).numpy()
    np.testing.assert_allclose(found, np.fft.irfft(modes * 256, 256), atol=1e-8)


@pytest.mark.parametrize("point", [(-0.9, 0.7), (0.013, 0.4), (0.5, 1.0), (-0.2, 0.05)])
def test_the_cole_hopf_solution_is_that_of_adaptive_quadrature(point: tuple[float, float]):
    x, t = point
    spread = 2 * math.sqrt(VISCOSITY * t)

    def weight(z: float) -> float:
        y = math.pi * (x - spread * z)
        return math.exp(-z * z - (math.cos(y) + 1) / (2 * math.pi * VISCOSITY) + 30)

    def integral(f) -> float:
        ends = {"limit": 500, "epsabs": 0, "epsrel": 1e-12, "points": [-9, -4, 0, 4, 9]}
        return quad(f, -13, 13, **ends)[0]

    above = integral(lambda z: math.sin(math.pi * (x - spread * z)) * weight(z))
    found = ColeHopf(VISCOSITY)(torch.tensor([[x, t]], dtype=torch.double)).item()
    assert found == pytest.approx(-above / integral(weight), abs=1e-9)


def test_the_cole_hopf_solution_has_no_loss_and_begins_as_it_should():
    task = get_task("burgers")
    batch = task.stages[0].sample(stream("test"), 200)
    assert task.stages[0].loss(ColeHopf(VISCOSITY), *batch).item() < 1e-18
    x = torch.linspace(-1, 1, 7, dtype=torch.double).unsqueeze(-1)
    start = ColeHopf(VISCOSITY)(torch.cat([x, 0 * x], 1))
    torch.testing.assert_close(start, -torch.sin(torch.pi * x), rtol=0, atol=1e-14)
    with pytest.raises(ValueError, match="want a viscosity of at least 1e-3, got 0"):
        ColeHopf(0.0)


def test_the_error_of_etdrk4_falls_with_the_fourth_power_of_the_step():
    """A mode that turns and fades, driven by its own square."""
    linear = np.array([-3.0 + 40.0j, -0.001 + 0.0j])

    def nonlinear(u: np.ndarray) -> np.ndarray:
        return np.array([u[1] ** 2, u[0] * u[1]])

    def end(steps: int) -> np.ndarray:
        start = np.array([1.0 + 0j, 0.5 + 0j])
        return solve(start, linear, nonlinear, step=1 / steps, every=steps, count=1)[-1]

    exact = end(2_048)
    errors = [abs(end(steps) - exact).max() for steps in (64, 128, 256)]
    for coarse, fine in itertools.pairwise(errors):
        assert coarse / fine == pytest.approx(16, rel=0.25)


def test_a_linear_part_alone_is_exact():
    linear = np.array([-1e4 + 0j, 1e6j, 0j])
    found = solve(np.ones(3, complex), linear, np.zeros_like, step=0.1, every=2, count=3)
    times = 0.2 * np.arange(4)[:, None]
    np.testing.assert_allclose(found, np.exp(linear * times), rtol=1e-9, atol=1e-300)


def test_a_reference_is_known_at_its_own_times_alone():
    with pytest.raises(ValueError, match=r"want times k\*0.01 up to k = 100, got \[0.505\]"):
        reference("kdv")(torch.tensor([[0.0, 0.505]], dtype=torch.double))


def _kept(place: str) -> list[float]:
    return kept(place, lambda: np.arange(3.0)).tolist()


def test_what_is_kept_is_computed_once_and_by_several_processes_alike(tmp_path, monkeypatch):
    monkeypatch.setenv("KANSCI_CACHE", str(tmp_path))
    with multiprocessing.get_context("fork").Pool(2) as pool:
        assert pool.map(_kept, ["one"] * 4) == [[0, 1, 2]] * 4
    assert kept("one", lambda: np.zeros(0)).tolist() == [0, 1, 2]
    assert kept("another", lambda: np.ones(1)).tolist() == [1]
    (file, *_) = (tmp_path / "references").glob("[!.]*.npy")
    assert len(list((tmp_path / "references").iterdir())) == 2
    file.write_bytes(b"broken")
    again = {tuple(kept(name, lambda: np.full(1, 7.0))) for name in ("one", "another")}
    assert (7.0,) in again


def test_a_cache_that_cannot_be_written_is_as_good_as_none(tmp_path, monkeypatch):
    (tmp_path / "references").write_text("no folder")
    monkeypatch.setenv("KANSCI_CACHE", str(tmp_path))
    assert kept("one", lambda: np.arange(3.0)).tolist() == [0, 1, 2]
