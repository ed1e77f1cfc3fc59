"""How a rate changes over a training: factors from 0 to 1, of the same length for every member."""

from __future__ import annotations

import math

from kansci.recipe import Optimizer


def cosine(step: int, steps: int) -> float:
    """From 1 at the first step towards 0 after the last."""
    return (1 + math.cos(math.pi * step / steps)) / 2


def constant(step: int, steps: int) -> float:
    """1 throughout."""
    return 1.0


SCHEDULES = {"cosine": cosine, "constant": constant}


def factors(recipe: Optimizer) -> list[float]:
    r"""Of every evaluation: a linear rise over the first $k$ = `warmup`, then the schedule.

    $$f_t = \frac{t+1}{k+1} \text{ for } t < k,\qquad f_t = s(t-k,\, T-k) \text{ after}$$

    The rise would reach 1 with the first step of the schedule, so that no value comes twice.

    Source: Goyal et al. 2017, arXiv:1706.02677, section 2.2, gradual warm-up.
    """
    schedule = SCHEDULES[recipe.schedule]
    rise = [(step + 1) / (recipe.warmup + 1) for step in range(recipe.warmup)]
    left = recipe.evaluations - recipe.warmup
    return rise + [schedule(step, left) for step in range(left)]
