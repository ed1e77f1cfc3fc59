"""Laws of state: where a start comes from, and what has to be saved."""

from __future__ import annotations

import io
import pickle
import random
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn

from kansci.draws import Draws
from kansci.testing.subject import Hint, Subject, near, said

GENERATORS = ("torch", "NumPy", "Python")


def seeded(subject: Subject) -> Iterator[str]:
    """The same seed is the same network, and no generator is seeded behind one's back."""
    (one, after), (same, again), (other, elsewhere) = (
        _started(subject, seed) for seed in (0, 0, 1)
    )
    differ = [name for name, tensor in one.items() if not torch.equal(tensor, same[name])]
    if differ:
        yield (
            f"want the same {differ[0]} from the same seed, got others: draw from torch's global "
            "generator alone"
        )
    for generator, first, second, third in zip(GENERATORS, after, again, elsewhere, strict=True):
        if first == third:
            yield (
                f"want {generator}'s global generator to go on from where it was, got one state "
                "after two seeds: seed nothing, in building or in running"
            )
        elif first != second and not differ:
            yield f"want as many draws of {generator} for the same seed, got other ones"
    if all(torch.equal(tensor, other[name]) for name, tensor in one.items()):
        yield Hint("every seed starts from the same network")


def _started(subject: Subject, seed: int) -> tuple[dict[str, Tensor], tuple[bytes, ...]]:
    """The weights and buffers of a seed, and where its generators stand after it has run."""
    with Draws("start", seed):
        network = subject.model.build(subject.dim_in, subject.dim_out, subject.parameters)
        named = dict(network.named_parameters()) | dict(network.named_buffers())
        state = {name: tensor.detach().clone() for name, tensor in named.items()}
        network.to(subject.dtype).train()(subject.points(4)).sum().backward()
        network.eval()(subject.points(4))
        return state, _stand()


def _stand() -> tuple[bytes, ...]:
    return (
        torch.get_rng_state().numpy().tobytes(),
        pickle.dumps(np.random.get_state()),  # noqa: NPY002 - a network may draw from it
        pickle.dumps(random.getstate()),
    )


def saved(subject: Subject) -> Iterator[str]:
    """Its state, tensors alone, makes a fresh network of another seed the same function."""
    network = _trained(subject)
    state = network.state_dict()
    odd = [name for name, value in state.items() if not isinstance(value, Tensor)]
    if odd:
        yield f"want nothing but tensors in state_dict, got {odd[0]}: keep what is saved in buffers"
        return
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    fresh = subject.built(seed=3).to(subject.dtype)
    try:
        fresh.load_state_dict(torch.load(file, weights_only=True))
    except Exception as error:
        yield f"want a fresh network that takes the saved state, got {said(error)}"
        return
    x = subject.points(32)
    with torch.no_grad():
        same = near(network.eval()(x), fresh.eval()(x))
    if not same:
        yield (
            "want the same function from the saved state, got another: what is drawn or learned "
            "and is no parameter has to be a buffer that persists"
        )


def _trained(subject: Subject) -> nn.Module:
    """After two steps, so that what changes by itself has changed."""
    network = subject.moved().train()
    descent = torch.optim.SGD(network.parameters(), 1e-3)
    for _ in range(2):
        descent.zero_grad()
        with Draws("forward"):
            network(subject.points(16)).square().mean().backward()
        descent.step()
    return network
