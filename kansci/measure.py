"""Errors of predictions, computed by whoever holds the true answers."""

import torch
from torch import Tensor

from kansci.task import Metric, Scale


def error(metric: Metric, prediction: Tensor, truth: Tensor, scale: Scale) -> Tensor:
    r"""The error of each member, `(member, point, out)` against `(point, out)` to `(member,)`.

    - `nrmse`: $\sqrt{\mathrm{mean}\,(\hat y - y)^2}/\sigma$, $\sigma$ the task's, the same for all
      its probes; 1 for the mean.
    - `relative_l2`: $\lVert\hat y - y\rVert / \lVert y\rVert$; 1 for zero.
    - `relative_max`: $\max |\hat y - y| / \max |y|$; 1 for zero.
    - `error_rate`: (errors + 1/2)/(points + 1) of the largest output against the largest truth.

    NaN for a member that predicts anything that is not finite.
    """
    prediction = prediction.double()
    if metric == "error_rate":
        wrong = (prediction.argmax(-1) != truth.argmax(-1)).double().sum(-1)
        value = (wrong + 0.5) / (truth.shape[0] + 1)
        return torch.where(prediction.isfinite().all(-1).all(-1), value, torch.nan)
    if metric == "relative_max":
        value = (prediction - truth).abs().amax((-2, -1)) / truth.abs().max()
        return torch.where(value.isfinite(), value, torch.nan)
    miss = (prediction - truth).square().mean((-2, -1)).sqrt()
    value = miss / (truth.square().mean().sqrt() if metric == "relative_l2" else scale.std)
    return torch.where(value.isfinite(), value, torch.nan)
