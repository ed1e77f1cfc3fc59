"""From networks to formulas."""

from kansci.symbolic.fitting import Fit as Fit
from kansci.symbolic.fitting import fits as fits
from kansci.symbolic.layer import SymbolicLayer as SymbolicLayer
from kansci.symbolic.library import LIBRARY as LIBRARY
from kansci.symbolic.rounding import agree as agree
from kansci.symbolic.rounding import rounded as rounded
from kansci.symbolic.search import symbolic as symbolic
from kansci.symbolic.words import expression as expression
from kansci.symbolic.words import expressions as expressions
