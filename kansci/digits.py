"""Handwritten digits that are learned in parts: 1 797 images of 8 x 8 pixels, ten classes.

A stage is a part of the training images, perhaps changed; its probe holds the test images of that
part, changed alike. There is one output for each class in every stage, and nothing tells the
network which stage an image is from.

Source: Alpaydin and Kaynak 1998, "Optical Recognition of Handwritten Digits", UCI Machine Learning
Repository, doi:10.24432/C50P49; its test set, as scikit-learn bundles it, divided by 16.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor

from kansci.losses import cross_entropy
from kansci.task import Batch, Probe, Split, Stage, Task

CLASSES, SIDE = 10, 8
TEST = 0.3  # share of each class
SMALLEST = 4_000  # trainable numbers

Images = NDArray[np.float64]


class Digits(NamedTuple):
    """Images `(image, 8, 8)` in [0, 1] and their classes `(image,)`."""

    images: Images
    classes: NDArray[np.int64]


class Part(NamedTuple):
    """What a stage takes of the digits.

    Attributes:
        classes: whose images it holds.
        change: what becomes of them, `(image, 8, 8)` to `(image, 8, 8)`.
    """

    name: str
    classes: Sequence[int] = range(CLASSES)
    change: Callable[[Images], Images] = lambda images: images


def digits(
    *,
    name: str,
    version: int,
    parts: Sequence[Part],
    points: int,
    about: str,
    tuning: Task | None = None,
    vary: Callable[..., Task] | None = None,
    reserved: bool = False,
) -> Task:
    """Parts that are learned in order; the network is judged on the test images of all.

    Args:
        points: images of a full batch.
        reserved: whether rates are chosen on it: the training images are then divided again, so
            that no test image is seen.
    """

    def of(part: Part, split: str) -> tuple[Tensor, Tensor]:
        return _part(_divided(reserved)[split], part)

    def stage(part: Part) -> Stage:
        learned = cache(lambda: of(part, "training"))

        def sample(generator: Generator, points: int) -> Batch:
            x, y = learned()
            rows = _rows(generator, points, len(x))
            return x[rows], y[rows]

        return Stage(part.name, sample, cross_entropy, points)

    def probe(part: Part, split: Split) -> Probe:
        return Probe(part.name, lambda: of(part, split)[0], lambda _: of(part, split)[1], split)

    splits: tuple[Split, ...] = ("validation", "test") if reserved else ("test",)
    return Task(
        name=name,
        version=version,
        family="continual",
        domain=((0.0, 1.0),) * SIDE**2,
        dim_out=CLASSES,
        stages=tuple(map(stage, parts)),
        probes=tuple(probe(part, split) for split in splits for part in parts),
        source="scikit-learn's bundled digits; doi:10.24432/C50P49",
        metric="error_rate",
        about=about,
        smallest=SMALLEST,
        tuning=tuning,
        vary=vary,
    )


def _rows(generator: Generator, points: int, there: int) -> Tensor:
    """Each image once before any comes twice, in an order of the generator's."""
    rounds = [torch.randperm(there, generator=generator) for _ in range(-(-points // there))]
    return torch.cat(rounds)[:points]


def _part(digits: Digits, part: Part) -> tuple[Tensor, Tensor]:
    """Pixels `(point, 64)` and one-hot classes `(point, 10)`, float64."""
    own = np.isin(digits.classes, list(part.classes))
    pixels = part.change(digits.images[own]).reshape(-1, SIDE**2)
    return torch.from_numpy(pixels), torch.from_numpy(np.eye(CLASSES)[digits.classes[own]])


@cache
def _divided(reserved: bool) -> dict[str, Digits]:
    """Training and test images; of the reserved ones, both are training images of the others."""
    if not reserved:
        training, test = _split(_all(), TEST)
        return {"training": training, "test": test}
    training, held_out = _split(_divided(False)["training"], TEST)
    validation, test = _split(held_out, 0.5)
    return {"training": training, "validation": validation, "test": test}


def _split(digits: Digits, share: float) -> tuple[Digits, Digits]:
    """The same share of each class is taken out."""
    from sklearn.model_selection import train_test_split  # slow to import: only where it is needed

    left, out = train_test_split(
        np.arange(len(digits.classes)), test_size=share, stratify=digits.classes, random_state=0
    )
    return tuple(Digits(digits.images[rows], digits.classes[rows]) for rows in (left, out))  # type: ignore[return-value]


def _all() -> Digits:
    from sklearn.datasets import load_digits

    pixels, classes = load_digits(return_X_y=True)
    return Digits(np.asarray(pixels).reshape(-1, SIDE, SIDE) / 16, np.asarray(classes))
