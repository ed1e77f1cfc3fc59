"""A line search ends where the strong Wolfe conditions hold, each member's by itself."""

import torch

from kansci.optim.linesearch import CURVATURE, DECREASE, WolfeSearch, cubic


def test_accepted_points_fulfil_the_strong_wolfe_conditions():
    """Bumpy functions of one number, a member each: searches bracket, zoom in and extrapolate."""
    generator = torch.Generator().manual_seed(3)
    bump, wave, scale = torch.rand(3, 200, generator=generator, dtype=torch.double)
    scale = 10 ** (6 * scale - 3)

    def function(t):
        t = t / scale
        return 1 - t + t**2 / 4 + bump * torch.sin(10 * wave * t) / 10

    def slope(t):
        t = t / scale
        return (-1 + t / 2 + bump * wave * torch.cos(10 * wave * t)) / scale

    zero = torch.zeros(200, dtype=torch.double)
    falls = slope(zero) < 0
    search = WolfeSearch(200, zero.device)
    search.begin(falls, function(zero), slope(zero), zero + 1)
    active, accepted = falls.clone(), torch.zeros_like(zero)
    trials = 0
    while active.any():
        trials += 1
        tried = search.step.clone()
        verdict = search.judge(function(tried), slope(tried), active, zero)
        accepted = torch.where(verdict.accepted, tried, accepted)
        assert not verdict.failed.any()
        active &= ~verdict.accepted
    assert falls.sum() > 150
    assert trials > 5
    t, bound = accepted[falls], slope(zero)[falls].abs()
    value, left = function(accepted)[falls], slope(accepted)[falls].abs()
    assert (value <= function(zero)[falls] - DECREASE * t * bound).all()
    assert (left <= CURVATURE * bound).all()


def test_a_cubic_is_lowest_where_it_says():
    """Of t^3 - 3 t + 1, from both sides; a line has no minimum."""
    points = [torch.tensor([[t], [t**3 - 3 * t + 1], [3 * t**2 - 3]]) for t in (0.25, 3.0)]
    line = torch.tensor([[0.0], [1.0], [-1.0]]), torch.tensor([[1.0], [0.0], [-1.0]])
    torch.testing.assert_close(cubic(*points), torch.ones(1))
    torch.testing.assert_close(cubic(*points[::-1]), torch.ones(1))
    assert not cubic(*line).isfinite()
