"""References: solutions of equations without a formula, each held to another method by a test."""

from kansci.solvers.cole_hopf import ColeHopf as ColeHopf
from kansci.solvers.periodic import Periodic as Periodic
