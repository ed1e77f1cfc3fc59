"""Every edge open to inspection: looked at, drawn, weighed, and cut."""

from kansci.models.edges.functions import Curves as Curves
from kansci.models.edges.functions import edge_functions as edge_functions
from kansci.models.edges.importance import Importance as Importance
from kansci.models.edges.importance import importance as importance
from kansci.models.edges.parts import edge_layers as edge_layers
from kansci.models.edges.penalty import penalty as penalty
from kansci.models.edges.picture import plot as plot
from kansci.models.edges.prune import prune as prune
from kansci.models.edges.train import train as train
