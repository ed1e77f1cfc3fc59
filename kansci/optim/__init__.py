"""Optimizers of an ensemble: weights flat, `(member, n)`, and nothing shared between members."""

from kansci.optim.adam import Adam as Adam
from kansci.optim.adam import AdamW as AdamW
from kansci.optim.lbfgs import LBFGS as LBFGS
from kansci.optim.lm import LevenbergMarquardt as LevenbergMarquardt
from kansci.optim.schedules import constant as constant
from kansci.optim.schedules import cosine as cosine
from kansci.optim.sgd import SGD as SGD
from kansci.optim.stepper import Objective as Objective
from kansci.optim.stepper import Stepper as Stepper
from kansci.optim.stepper import SumOfSquares as SumOfSquares

OPTIMIZERS: dict[str, type[Stepper]] = {
    "adam": Adam,
    "adamw": AdamW,
    "sgd": SGD,
    "lbfgs": LBFGS,
    "lm": LevenbergMarquardt,
}
