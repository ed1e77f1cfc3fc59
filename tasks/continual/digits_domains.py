"""Handwritten digits, all ten classes in every stage, seen differently each time.

Domain-incremental: by default the images are turned by 0, 30, 60, 90 and 120 degrees, bilinear and
with their size kept; with `[by=permutations]` their pixels are rearranged, in the first stage not
at all. Rates are chosen on other angles, or other permutations, in another order.

Source: scikit-learn's bundled digits; rotations as in Lopez-Paz and Ranzato 2017, "Gradient
episodic memory", arXiv:1706.08840, section 4; permutations as in Goodfellow et al. 2013,
arXiv:1312.6211.
"""

from functools import partial

import torch

from kansci.digits import SIDE, Images, Part, digits
from kansci.sampling import stream
from kansci.task import Task

NAME = "digits_domains"
ANGLES = (0, 30, 60, 90, 120)
OTHERS = (105, 15, 75, 135, 45)


def turned(angle: int, images: Images) -> Images:
    from scipy.ndimage import rotate

    return rotate(images, angle, axes=(1, 2), reshape=False, order=1).clip(0, 1)


def rearranged(number: int, images: Images) -> Images:
    order = torch.randperm(SIDE**2, generator=stream(f"{NAME}/permutation", number)).numpy()
    return images.reshape(-1, SIDE**2)[:, order].reshape(images.shape) if number else images


def vary(*, by: str = "rotations") -> Task:
    """Either `rotations` or `permutations`."""
    if by == "rotations":
        scored = [Part(f"turned by {angle}", change=partial(turned, angle)) for angle in ANGLES]
        others = [Part(f"turned by {angle}", change=partial(turned, angle)) for angle in OTHERS]
    elif by == "permutations":
        scored = [Part(f"permutation {i}", change=partial(rearranged, i)) for i in range(5)]
        others = [Part(f"permutation {i}", change=partial(rearranged, i)) for i in range(5, 10)]
    else:
        raise ValueError(f"want by=rotations or by=permutations, got {by!r}")

    def task(name: str, parts: list[Part], **more: object) -> Task:
        about = f"8 x 8 images of all ten digits in every stage, under five {by}"
        return digits(name=name, version=1, parts=parts, points=1_257, about=about, **more)  # type: ignore[arg-type]

    return task(NAME, scored, tuning=task(f"{NAME}/tuning", others, reserved=True), vary=vary)


task = vary()
