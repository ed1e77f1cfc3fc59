"""Tables as estimators learn them: equal rows once, with weights; inputs in [-1, 1]."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from sklearn.model_selection import train_test_split
from torch import nn

from kansci.models import Units
from kansci.sampling import stream
from kansci.task import Scale


class Rows(NamedTuple):
    """A table to learn, float64.

    Shape:
        x: `(row, in)`.
        y: `(row, k)`: targets, or the number of a class.
        weight: `(row, 1)`, above 0.
    """

    x: np.ndarray
    y: np.ndarray
    weight: np.ndarray

    def some(self, where: np.ndarray) -> Rows:
        """Those of the given numbers."""
        return Rows(self.x[where], self.y[where], self.weight[where])


def merged(x: np.ndarray, y: np.ndarray, weight: np.ndarray) -> Rows:
    """In order, each once, with the sum of its weights; those of weight 0 are left out.

    So what is learned depends, to the last digit, neither on the order of rows nor on whether one
    is repeated or weighted, and no copy of a row is both learned and held out.

    Raises:
        ValueError: for a weight below 0, or none above it.
    """
    if (weight < 0).any() or not (weight > 0).any():
        got = f"{weight.min():g} to {weight.max():g}"
        raise ValueError(f"want sample_weight >= 0 and not all of them zero, got {got}")
    table = np.hstack([x, y])[weight > 0]
    weight = weight[weight > 0]
    order = np.lexsort(table.T[::-1])  # stable: equal rows keep the order of their weights
    table, weight = table[order], weight[order]
    new = np.r_[True, (table[1:] != table[:-1]).any(1)]
    starts = np.flatnonzero(new)
    sums = np.add.reduceat(weight, starts)
    x, y = np.split(table[starts], [x.shape[1]], 1)
    return Rows(x, y, sums[:, None])


def parted(rows: Rows, share: float, seed: int, *, classes: bool) -> tuple[Rows, Rows]:
    """Rows to learn from, and a share that is held out; of every class, where there is enough.

    Raises:
        ValueError: where one of both would have no row.
    """
    count = len(rows.x)
    held = max(1, round(share * count))
    if held >= count:
        raise ValueError(
            "early stopping wants a row to learn from beside those that are held out, got "
            f"n_samples={count} different rows and validation_fraction={share}: switch it off"
        )
    of_each = np.unique(rows.y, return_counts=True)[1] if classes else np.empty(0)
    enough = classes and of_each.min() > 1 and len(of_each) <= min(held, count - held)
    learned, kept = train_test_split(
        np.arange(count),
        test_size=held,
        stratify=rows.y if enough else None,
        random_state=stream("held out", seed).initial_seed() % 2**32,
    )
    return rows.some(np.asarray(learned)), rows.some(np.asarray(kept))


def units_of(x: np.ndarray) -> Units:
    """Maps the range of each column to [-1, 1], and a column of one value to 0."""
    low, high = x.min(0), x.max(0)
    tiny = np.finfo(np.double).tiny
    apart = high / 2 - low / 2 > tiny
    reach = np.maximum(1, np.abs(low))  # not 1 alone, which vanishes beside a large number
    low, high = np.where(apart, low, low - reach), np.where(apart, high, low + reach)
    return Units(nn.Identity(), list(zip(low.tolist(), high.tolist(), strict=True)), Scale())


def scale_of(rows: Rows) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and standard deviation of each target, `(k,)` each; 1 for one that does not vary."""
    mean = np.average(rows.y, axis=0, weights=rows.weight[:, 0])
    std = np.sqrt(np.average((rows.y - mean) ** 2, axis=0, weights=rows.weight[:, 0]))
    least = 1e-12 * np.abs(rows.y).max(0)  # what rounding leaves of a constant
    std = np.where(std > least, std, 1.0)
    return torch.from_numpy(mean), torch.from_numpy(std)
