r"""Linear least squares, by collocation where a task is an equation.

With residuals $r$ of the loss, linear in the numbers $c$, and their Jacobian $J$, it finds the step
$\Delta c$ of least $\sum_k (1 + |k|^2)^4 \Delta c_k^2$ among those that minimise
$|J \Delta c + r|^2$: where there are more numbers than residuals, the smoothest.

Source: Boyd 2001, "Chebyshev and Fourier Spectral Methods", chapter 3 (collocation).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.func import functional_call

from kansci.calculus import Network, Opened
from kansci.errors import NotApplicable
from kansci.fitting.problem import Problem
from kansci.lifting.gauss import linearised
from kansci.losses import MeanSquares
from kansci.models import Units
from kansci.models.legendre import LegendreSeries

SMOOTH = 4  # the power by which high degrees are dear
LINEAR = 1e-6  # relative error of a loss that counts as linear equations
NUMBERS = "network.coef"


def least_squares(network: Units, problem: Problem) -> None:
    """Fits a series; the setting is the share of its functions that it uses, low degrees first.

    As many functions as points interpolate whatever stands between them; how many are too many
    is for validation to say.

    Raises:
        NotApplicable: unless the loss is a sum of squares, linear in the numbers.
    """
    loss, series = problem.loss, network.network
    assert isinstance(series, LegendreSeries)
    if not isinstance(loss, MeanSquares) or set(dict(network.named_parameters())) != {NUMBERS}:
        raise NotApplicable("takes sums of squares of linear equations, and the task is none")

    def at(numbers: Tensor) -> Network:
        def call(module: nn.Module, args: tuple[object, ...]) -> object:
            name = f"network.{NUMBERS}" if isinstance(module, Opened) else NUMBERS
            return functional_call(module, {name: numbers.view_as(series.coef)}, args)

        return Network(network, call)

    start = series.coef.detach().flatten()
    rows = [(j.detach(), r.detach()) for j, r in linearised(loss, at, start, problem.batch)]
    slopes, residuals = torch.cat([j for j, _ in rows]), torch.cat([r for _, r in rows])
    trial = torch.randn(start.shape, generator=problem.generator, dtype=start.dtype)
    wanted = (residuals + slopes @ trial).square().sum()
    if not (loss(at(start + trial), *problem.batch) - wanted).abs() <= LINEAR * wanted:
        raise NotApplicable("takes linear equations, and those of the task are not")
    size, outputs = series.coef.shape
    smooth = (1 + series.degrees.square().sum(-1)).double() ** (-SMOOTH / 2)
    smooth[max(1, round(problem.setting * size)) :] = 0
    smooth = smooth.repeat_interleave(outputs)
    step = torch.linalg.lstsq(slopes * smooth, -residuals.unsqueeze(-1), driver="gelsy").solution
    with torch.no_grad():
        series.coef += (smooth * step.squeeze(-1)).view_as(series.coef)
