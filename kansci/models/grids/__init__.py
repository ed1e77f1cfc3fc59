"""Grids that change while the function stays: finer ones, and ones that follow the data."""

from kansci.models.grids.outside import outside as outside
from kansci.models.grids.refine import divide as divide
from kansci.models.grids.refine import divided_count as divided_count
from kansci.models.grids.refine import refine as refine
from kansci.models.grids.refit import Refitted as Refitted
from kansci.models.grids.update import update_grid as update_grid
