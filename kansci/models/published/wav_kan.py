r"""Wav-KAN: a wavelet with a scale and a shift of its own on every edge.

Source: Bozorgasl and Chen 2024, arXiv:2405.12832; https://github.com/zavareh1/Wav-KAN, commit
f7ab521, `KAN` with its default wavelet, the Mexican hat.
Quirks:
- BatchNorm stands behind every layer, the last too: in training a prediction depends on the other
  points, and targets are fitted through a mean and a deviation of the batch. A single point cannot
  be learned from. Its running means change in training and count.
- A derivative by the inputs is one of all points at once, as they share their mean.
- The Mexican hat stands on its head, (t^2 - 1) for (1 - t^2).
- It is divided by a scale that training may take through 0.
- All edges start with scale 1 and shift 0: without their weights they are one function.
We differ: a fourth number an edge, `weight1`, whose product the package computes and drops, is not
there to be counted. Any leading dimensions pass.
"""

import math

import torch
from torch import Tensor, nn

from kansci.jets import Jet, nested
from kansci.models.builders import Widths
from kansci.models.layer import EdgeLayer
from kansci.models.model import Model
from kansci.models.published.row import builder, row
from kansci.models.published.told import quirks
from kansci.models.registry import entry
from kansci.rules import passes_jets

HEIGHT = 2 / (math.sqrt(3) * math.pi**0.25)


class WavKANLayer(EdgeLayer):
    r"""Edges $w\,\psi\big((x - t)/s\big)$, $\psi(t) = 2(t^2 - 1)e^{-t^2/2}/(\sqrt3\,\pi^{1/4})$."""

    def __init__(self, dim_in: int, dim_out: int) -> None:
        super().__init__(dim_in, dim_out)
        self.scale = nn.Parameter(torch.ones(dim_out, dim_in))
        self.shift = nn.Parameter(torch.zeros(dim_out, dim_in))
        self.weight = nn.Parameter(torch.empty(dim_out, dim_in))
        nn.init.kaiming_uniform_(self.weight, a=math.sqrt(5))

    def edges(self, x: Tensor, order: int) -> tuple[Tensor, ...]:
        scale, shift, weight = (
            one.mT.unsqueeze(-1) for one in (self.scale, self.shift, self.weight)
        )  # (in, out, 1)
        t = (x.unsqueeze(1) - shift) / scale  # (in, out, point)
        bell = HEIGHT * weight * torch.exp(-t.square() / 2)
        square = t.square()
        value = (square - 1) * bell
        if order == 0:
            return (value,)
        first = (3 - square) * t * bell / scale
        if order == 1:
            return value, first
        return value, first, (square.square() - 6 * square + 3) * bell / scale.square()


class BatchNorm(nn.BatchNorm1d):
    """torch's own, of points with any leading dimensions."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - as torch calls it
        return super().forward(input.reshape(-1, self.num_features)).reshape(input.shape)


@passes_jets(BatchNorm)
def _batch_norm(module: BatchNorm, jet: Jet) -> Jet:
    """From elementary operations: torch's own, twice differentiated forward, is wrong (2.13)."""
    value = module(jet.value)  # once alone: it moves the running means
    mean, variance = (torch.as_tensor(one) for one in (module.running_mean, module.running_var))

    def normal(z: Tensor) -> Tensor:
        rows = z.reshape(-1, module.num_features)
        if module.training:
            rows = rows - rows.mean(0)
            rows = rows / (rows.square().mean(0) + module.eps).sqrt()
        else:
            rows = (rows - mean) / (variance + module.eps).sqrt()
        return (rows * module.weight + module.bias).reshape(z.shape)

    return nested(normal, jet)._replace(value=value)


def _batch_norm_of(dim_in: int, dim_out: int) -> BatchNorm:
    return BatchNorm(dim_out)


def _running(widths: Widths) -> int:
    """A mean and a variance of each unit, and the batches seen by each layer."""
    return sum(2 * dim_out + 1 for dim_out in widths[1:])


@entry("wavkan-published")
def wav_kan(*, widths: Widths | None = None) -> Model:
    return Model(
        "wavkan-published",
        builder(widths, row(WavKANLayer, _batch_norm_of), adapted=_running),
        kind="wavelets",
        about="Wav-KAN: inverted Mexican hats, scaled and shifted, BatchNorm behind every layer",
        source="Bozorgasl and Chen 2024, arXiv:2405.12832; github.com/zavareh1/Wav-KAN@f7ab521",
        quirks=quirks(__doc__),
    )
