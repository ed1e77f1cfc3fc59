"""Figures for papers: of all models, of one training, of one network."""

from kansci.figures.critical import critical_differences as critical_differences
from kansci.figures.errors import error_maps as error_maps
from kansci.figures.fields import fields as fields
from kansci.figures.pareto import pareto as pareto
from kansci.figures.plane import plane as plane
from kansci.figures.profiles import performance_profiles as performance_profiles
from kansci.figures.profiles import profiles_of as profiles_of
from kansci.figures.typical import Typical as Typical
from kansci.figures.typical import typical as typical
