"""The history of L-BFGS is the two-loop recursion, in rings of each member's own."""

import torch

from kansci.optim.history import History


def test_a_history_says_what_the_two_loop_recursion_says():
    """Rings of their own: one member skips pairs, and forgets all of them in the middle."""
    generator = torch.Generator().manual_seed(0)
    numbers, size = 30, 6
    matrix = torch.randn(2, numbers, numbers, generator=generator, dtype=torch.double)
    matrix = matrix @ matrix.mT / numbers + torch.eye(numbers) / 10
    history = History(2, numbers, size, matrix.device)
    pairs = [[], []]
    for turn in range(25):
        s, gradient = torch.randn(2, 2, numbers, generator=generator, dtype=torch.double)
        y = (matrix @ s.unsqueeze(2)).squeeze(2)
        keep = torch.tensor([True, turn % 3 != 1])
        if turn == 15:
            history.forget(torch.tensor([False, True]))
            pairs[1] = []
        direction = history.update(s, y, keep, gradient)
        for member in range(2):
            if keep[member]:
                pairs[member] = [*pairs[member], (s[member], y[member])][-size:]
            expected = two_loops(pairs[member], gradient[member])
            torch.testing.assert_close(direction[member], expected, rtol=1e-11, atol=1e-11)
        assert history.count.tolist() == [len(own) for own in pairs]


def two_loops(pairs, gradient):
    """Nocedal and Wright 2006, algorithm 7.4."""
    q, shares = -gradient, []
    for s, y in reversed(pairs):
        shares.append((s @ q) / (s @ y))
        q = q - shares[-1] * y
    if pairs:
        s, y = pairs[-1]
        q = q * (s @ y) / (y @ y)
    for (s, y), share in zip(pairs, reversed(shares), strict=True):
        q = q + s * (share - (y @ q) / (s @ y))
    return q
