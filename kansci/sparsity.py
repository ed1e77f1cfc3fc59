"""The penalty on edges as a term of every loss, where a recipe asks for it."""

from __future__ import annotations

from typing import cast

from torch import Tensor

from kansci.additions import Addition
from kansci.calculus import Network
from kansci.hooks import regularisation
from kansci.lifting.ensemble import Ensemble
from kansci.models.edges.parts import has_edges
from kansci.models.edges.penalty import penalty
from kansci.recipe import Sparse
from kansci.task import Batch, Predict
from kansci.way import Watch

WITHOUT = "no penalty: a model without edges or a price of its own trains as without one"


def sparsity(sparse: Sparse | None, ensemble: Ensemble, watch: Watch) -> tuple[Addition, ...]:
    """What a recipe's price on edges adds to the loss of every stage: a term, or nothing.

    The edges are looked at on the points of the first tensor of a batch, as the stage draws them.
    A network without edges may state a price of its own, see `kansci.hooks`.
    The price is data, so that recipes which differ in it are one program.

    Args:
        watch: is told where there is nothing to put a price on.
    """
    if sparse is None:
        return ()
    network = ensemble.network(0)
    if has_edges(network):
        prices, price = (sparse.strength * sparse.l1, sparse.strength * sparse.entropy), _price
    elif regularisation(network) is not None:
        prices, price = (sparse.strength,), _own_price
    else:
        watch.note(WITHOUT)
        return ()

    def own(batch: Batch) -> Batch:
        return (batch[0].new_tensor(prices).repeat(len(batch[0]), 1),)

    return (Addition(price, own),)


def _price(predict: Predict, batch: Batch, own: Batch) -> Tensor:
    points, (l1, entropy) = batch[0], own[0].unbind()
    network = cast(Network, predict)
    return network.ask(lambda module: penalty(module, points, l1=l1, entropy=entropy))


def _own_price(predict: Predict, batch: Batch, own: Batch) -> Tensor:
    """Of a network that states one itself."""
    price = cast(Network, predict).ask(regularisation)
    return own[0].squeeze(-1) * cast(Tensor, price)
