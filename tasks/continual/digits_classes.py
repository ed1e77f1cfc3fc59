"""Handwritten digits, two classes at a time: {0, 1}, then {2, 3}, up to {8, 9}.

Class-incremental: one output for each of the ten classes from the start, and a probe of old classes
asks for all ten.

Source: scikit-learn's bundled digits; the protocol is that of Zenke et al. 2017, "Continual
learning through synaptic intelligence", arXiv:1703.04200, with one head for all stages as in van
de Ven and Tolias 2019, arXiv:1904.07734.
"""

import torch

from kansci.digits import CLASSES, Part, digits
from kansci.sampling import stream
from kansci.task import Task

NAME = "digits_classes"


def classes(name: str, order: list[int], **more: object) -> Task:
    pairs = [sorted(order[i : i + 2]) for i in range(0, CLASSES, 2)]
    return digits(
        name=name,
        version=1,
        parts=[Part(f"digits {a} and {b}", (a, b)) for a, b in pairs],
        points=250,
        about="8 x 8 images of digits, two classes a stage, one output for each of ten",
        **more,  # type: ignore[arg-type]
    )


def shuffled(purpose: str, seed: int = 0) -> list[int]:
    return torch.randperm(CLASSES, generator=stream(f"{NAME}/{purpose}", seed)).tolist()


def vary(*, order: int = 0) -> Task:
    """0 is the order of the digits; any other number draws one."""
    tuning = classes(f"{NAME}/tuning", shuffled("tuning"), reserved=True)
    drawn = shuffled("order", order) if order else list(range(CLASSES))
    return classes(NAME, drawn, tuning=tuning, vary=vary)


task = vary()
