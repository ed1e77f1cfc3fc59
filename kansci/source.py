"""The hash of the code that builds a model's network, without a trace of building it."""

from kansci.draws import Draws
from kansci.models import Model


def source_of(model: Model, dim_in: int, dim_out: int, budget: int) -> str:
    """`Model.source_hash`, which builds a network; global generators stay as they are."""
    with Draws("source"):
        return model.source_hash(dim_in, dim_out, budget)
