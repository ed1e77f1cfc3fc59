"""Networks and the models that build them."""

from kansci.models.kan import KAN as KAN
from kansci.models.kan import KANLayer as KANLayer
from kansci.models.mlp import MLP as MLP
from kansci.models.model import Model as Model
from kansci.models.model import trainable as trainable
from kansci.models.model import within as within
from kansci.models.units import Units as Units
from kansci.models.zoo import get_model as get_model
from kansci.models.zoo import list_models as list_models
