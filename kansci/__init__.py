"""kansci: the neutral benchmark of Kolmogorov-Arnold networks."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kansci.api import fit as fit
    from kansci.api import get_board as get_board
    from kansci.api import list_boards as list_boards
    from kansci.api import rank as rank
    from kansci.api import run as run
    from kansci.discover import get_model as get_model
    from kansci.discover import get_task as get_task
    from kansci.discover import list_tasks as list_tasks
    from kansci.ledger import load_records as load_records
    from kansci.models import Model as Model
    from kansci.models import list_models as list_models
    from kansci.recipe import Optimizer as Optimizer
    from kansci.recipe import Recipe as Recipe
    from kansci.recipe import Sparse as Sparse
    from kansci.record import Record as Record
    from kansci.suite import get_recipe as get_recipe
    from kansci.suite import get_suite as get_suite
    from kansci.suite import list_suites as list_suites
    from kansci.task import Task as Task
    from kansci.weights import networks as networks

_HOME_OF = {
    "Model": "kansci.models",
    "Optimizer": "kansci.recipe",
    "Recipe": "kansci.recipe",
    "Record": "kansci.record",
    "Sparse": "kansci.recipe",
    "Task": "kansci.task",
    "fit": "kansci.api",
    "get_board": "kansci.api",
    "get_model": "kansci.discover",
    "get_recipe": "kansci.suite",
    "get_suite": "kansci.suite",
    "get_task": "kansci.discover",
    "list_boards": "kansci.api",
    "list_models": "kansci.models",
    "list_suites": "kansci.suite",
    "list_tasks": "kansci.discover",
    "load_records": "kansci.ledger",
    "networks": "kansci.weights",
    "rank": "kansci.api",
    "run": "kansci.api",
}


def __getattr__(name: str) -> Any:
    """Loads what is asked for when it is: torch takes seconds, `kansci --help` should not."""
    if name not in _HOME_OF:
        raise AttributeError(f"module 'kansci' has no attribute {name!r}")
    return getattr(import_module(_HOME_OF[name]), name)


def __dir__() -> list[str]:
    return sorted(_HOME_OF)
