"""PDE tasks from their equations."""

from kansci.pde.builder import Data as Data
from kansci.pde.builder import latex as latex
from kansci.pde.builder import pde as pde
from kansci.pde.loss import Weights as Weights
