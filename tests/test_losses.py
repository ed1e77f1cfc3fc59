"""Losses of one network, against torch's own."""

import torch
from torch.nn import functional

from kansci.losses import cross_entropy


def test_cross_entropy_is_that_of_torch():
    generator = torch.Generator().manual_seed(0)
    logits = 5 * torch.randn(20, 4, generator=generator, dtype=torch.double)
    classes = torch.randint(4, (20,), generator=generator)
    shares = torch.rand(20, 4, generator=generator, dtype=torch.double)
    shares = shares / shares.sum(1, keepdim=True)
    x = torch.zeros(20, 2)
    hot = functional.one_hot(classes, 4).double()
    torch.testing.assert_close(
        cross_entropy(lambda x: logits, x, hot), functional.cross_entropy(logits, classes)
    )
    torch.testing.assert_close(
        cross_entropy(lambda x: logits, x, shares), functional.cross_entropy(logits, shares)
    )


def test_cross_entropy_of_large_outputs_is_finite():
    logits = torch.tensor([[1e4, -1e4]], requires_grad=True)
    loss = cross_entropy(lambda x: logits, torch.zeros(1, 1), torch.tensor([[0.0, 1.0]]))
    loss.backward()
    assert loss.item() == 2e4
    assert logits.grad is not None
    assert logits.grad.isfinite().all()
