"""Frozen features: after the first stage only the last layer is trained.

Source: the simplest of controls, as in Rusu et al. 2016, "Progressive neural networks",
arXiv:1606.04671, figure 2, baseline 2.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from kansci.errors import NotApplicable
from kansci.lifting.ensemble import Ensemble
from kansci.methods.method import Method
from kansci.models import trainable
from kansci.recipe import Recipe
from kansci.task import Batch, Stage


class Frozen(Method):
    """Lets every weight move in the first stage, and those of the last layer from then on.

    A network of one layer has no features to freeze, and trains on as a whole.

    Raises:
        NotApplicable: for a network whose last layer cannot be told.
    """

    def __init__(self, recipe: Recipe, ensemble: Ensemble) -> None:
        super().__init__(recipe, ensemble)
        last = last_layer(ensemble.network(0))
        self._last = torch.cat(
            [
                torch.full((weight[0].numel(),), float(name in last))
                for name, weight in ensemble.params.items()
            ]
        ).to(ensemble.flat)
        self._begun = False

    def mask(self) -> Tensor | None:
        return self._last if self._begun else None

    def learned(self, stages: Sequence[Stage], batch: Batch) -> None:
        self._begun = True


def last_layer(network: nn.Module) -> frozenset[str]:
    """Names of the trainable numbers of a network's last layer.

    Only an `nn.Sequential` says by its form what comes last. So the layer is found by going
    through whatever has a single part to train to an `nn.Sequential`, then to the last of its
    parts that is trained, and on into that, as long as it is an `nn.Sequential` too. A norm (by
    the name of its class) is no layer: one at the end goes with the layer before it.

    Raises:
        NotApplicable: if there is no `nn.Sequential` on the way, so that the order is not known.
    """
    name, chain = _chain("", network)
    names: tuple[str, ...] = (name,)
    while isinstance(chain, nn.Sequential) and len(names) == 1:
        parts = _trained(chain)
        layers = [at for at, (_, part) in enumerate(parts) if "Norm" not in type(part).__name__]
        tail = parts[max(layers, default=0) :]
        names = tuple(f"{names[0]}{name}." for name, _ in tail)
        chain = tail[0][1]
    weights = dict(network.named_parameters())
    return frozenset(one for one in weights if one.startswith(names) and weights[one].requires_grad)


def _chain(name: str, module: nn.Module) -> tuple[str, nn.Sequential]:
    """The first `nn.Sequential`, and what the names of its parts begin with."""
    if isinstance(module, nn.Sequential):
        return name, module
    parts = _trained(module)
    if len(parts) != 1 or any(one.requires_grad for one in module.parameters(recurse=False)):
        raise NotApplicable(
            "frozen wants layers in an nn.Sequential, got a "
            f"{type(module).__name__} whose last layer cannot be told: use another method"
        )
    return _chain(f"{name}{parts[0][0]}.", parts[0][1])


def _trained(module: nn.Module) -> list[tuple[str, nn.Module]]:
    return [(name, part) for name, part in module.named_children() if trainable(part)]
