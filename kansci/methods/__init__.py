"""What a network does against forgetting as it learns stage after stage; one file a method.

A method is told before and after each stage, and works on all members at once. It adds terms to
the loss of a stage, or keeps weights as they are; `joint` alone has no order to keep, and is
stages that become one.
"""

from kansci.errors import NotApplicable
from kansci.lifting.ensemble import Ensemble
from kansci.methods.ewc import EWC
from kansci.methods.frozen import Frozen
from kansci.methods.joint import lasting, taught
from kansci.methods.lwf import LwF
from kansci.methods.method import Method
from kansci.methods.replay import Replay
from kansci.recipe import Recipe

METHODS: dict[str, type[Method]] = {
    "naive": Method,
    "joint": Method,
    "replay": Replay,
    "ewc": EWC,
    "lwf": LwF,
    "frozen": Frozen,
}


def method_of(recipe: Recipe, ensemble: Ensemble, *, fitted: bool = False) -> Method:
    """The method that a recipe names, before the first stage.

    Args:
        fitted: whether a stage is solved at once, so that there is no loss to add to.

    Raises:
        NotApplicable: if the method does not go with the networks.
    """
    if fitted and METHODS[recipe.method] is not Method:
        raise NotApplicable(
            f"the model is fitted at once, and {recipe.method} wants one that is trained: "
            "use naive or joint"
        )
    return METHODS[recipe.method](recipe, ensemble)


__all__ = ["METHODS", "Method", "lasting", "method_of", "taught"]
