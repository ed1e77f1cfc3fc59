"""The global generators of torch, NumPy and Python, lent to one network for draws of its own.

Nothing is seeded globally: what a network draws, or seeds, inside is gone afterwards.
"""

from __future__ import annotations

import pickle
import random

import numpy as np
import torch

from kansci.sampling import stream


class Draws:
    """A context in which global generators are those of one purpose and seed.

    Entered again, they go on where they were left.

    Args:
        purpose: as of `stream`; two purposes or seeds never share a prefix.
        device: whose generator is lent beside the CPU's.
    """

    def __init__(self, purpose: str, seed: int = 0, device: torch.device | None = None) -> None:
        number = stream(purpose, seed).initial_seed()
        self._cuda = device if device is not None and device.type == "cuda" else None
        self._state = (
            torch.Generator().manual_seed(number).get_state(),
            torch.Generator(device).manual_seed(number).get_state() if self._cuda else None,
            np.random.RandomState(number % 2**32).get_state(),
            random.Random(number).getstate(),
        )

    def __enter__(self) -> None:
        self._swap()

    def __exit__(self, *_: object) -> None:
        self._swap()

    def unseen(self) -> bytes:
        """The state of what `torch.vmap` does not see: draws that all members would share."""
        return pickle.dumps(self._state[2:])

    def _swap(self) -> None:
        cpu, cuda, legacy, python = self._state
        self._state = (
            torch.get_rng_state(),
            torch.cuda.get_rng_state(self._cuda) if self._cuda else None,
            np.random.get_state(),  # noqa: NPY002 - a network may draw from it
            random.getstate(),
        )
        torch.set_rng_state(cpu)
        if self._cuda and cuda is not None:
            torch.cuda.set_rng_state(cuda, self._cuda)
        np.random.set_state(legacy)  # noqa: NPY002
        random.setstate(python)
