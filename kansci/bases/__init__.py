"""Families of univariate functions, one a file."""

from kansci.bases.basis import Basis as Basis
from kansci.bases.beside import Beside as Beside
from kansci.bases.bspline import BSpline as BSpline
from kansci.bases.chebyshev import Chebyshev as Chebyshev
from kansci.bases.fourier import Fourier as Fourier
from kansci.bases.gaussian import Gaussian as Gaussian
from kansci.bases.hat import Hat as Hat
from kansci.bases.hat import Ramp as Ramp
from kansci.bases.jacobi import Jacobi as Jacobi
from kansci.bases.jacobi import Legendre as Legendre
from kansci.bases.knots import KnotSpline as KnotSpline
from kansci.bases.pointwise import Pointwise as Pointwise
from kansci.bases.reflectional import ReflectionalSwitch as ReflectionalSwitch
from kansci.bases.relu import ReluBell as ReluBell
from kansci.bases.sine import Sine as Sine
from kansci.bases.summed import Summed as Summed
