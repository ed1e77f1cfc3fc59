r"""Convolutional feature extractors for images, in front of which any model is the head.

Source: Delis 2024, github.com/AthanasiosDelis/faster-kan, `EnhancedFeatureExtractor`; and the
tables of layers in Pham Huy Chau Long 2024, "Kolmogorov-Arnold Networks Research Report", where it
carries FasterKAN (1 427 488 numbers printed) and a larger one a linear layer (3 272 842).
We differ: the larger one is known by its table alone, which does not say where the residual block
adds its input: here after the first convolution, the only one that changes the channels. The
printed sums leave out the one number by which attention is multiplied; we count it.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from kansci.errors import DoesNotFit
from kansci.models.branches import Branches
from kansci.models.model import Model, trainable

FEATURES = 256
DROPPED = 0.25
LEAST = 16  # pixels a side, of which pools and convolutions leave one


class Body(nn.Sequential):
    """Square pictures to 256 features: two residual blocks, then attention between places.

    Args:
        colours: channels of a picture.
        deep: the larger one of the report, of five convolutions a block.

    Shape:
        x: `(*, colours * side * side)` to `(*, 256)`; at least 16 pixels a side.
    """

    def __init__(self, *, colours: int = 1, deep: bool = False) -> None:
        block = _deep_block if deep else _block
        super().__init__(
            nn.Conv2d(colours, 32, 3, padding=1),
            nn.ReLU(),
            nn.BatchNorm2d(32),
            nn.MaxPool2d(2),
            nn.Dropout(DROPPED),
            block(32, 64),
            Excitation(64),
            nn.MaxPool2d(2),
            nn.Dropout(DROPPED),
            *(_separable_deep() if deep else _separable()),
            nn.ReLU(),
            block(128, FEATURES),
            Excitation(FEATURES),
            nn.MaxPool2d(2),
            nn.Dropout(DROPPED),
            *((nn.Conv2d(FEATURES, FEATURES, 2),) if deep else ()),
            Attention(FEATURES),
            nn.AdaptiveAvgPool2d(1),
        )
        self.colours = colours

    def forward(self, x: Tensor) -> Tensor:
        side = math.isqrt(x.shape[-1] // self.colours)
        if self.colours * side * side != x.shape[-1] or side < LEAST:
            raise ValueError(
                f"want {self.colours} channels of 16 x 16 pixels or more, got {x.shape[-1]} numbers"
            )
        y = super().forward(x.reshape(-1, self.colours, side, side))  # (picture, 256, 1, 1)
        return y.reshape(*x.shape[:-1], FEATURES)


class Excitation(nn.Module):
    """Squeeze and excitation: channels are weighted by what a small MLP makes of their means.

    Source: Hu et al. 2018, arXiv:1709.01507.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        few = channels // 16
        self.weigh = nn.Sequential(
            nn.Linear(channels, few, bias=False),
            nn.ReLU(),
            nn.Linear(few, channels, bias=False),
            nn.Sigmoid(),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x * self.weigh(x.mean((-2, -1))).unsqueeze(-1).unsqueeze(-1)


class Attention(nn.Module):
    """Places of a picture attend to one another, from a share of nothing on."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.query = nn.Conv2d(channels, channels // 8, 1)
        self.key = nn.Conv2d(channels, channels // 8, 1)
        self.value = nn.Conv2d(channels, channels, 1)
        self.share = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        query, key, value = (part(x).flatten(-2) for part in (self.query, self.key, self.value))
        weight = torch.softmax(query.mT @ key, -1)  # (picture, place, place)
        return x + self.share * (value @ weight.mT).unflatten(-1, x.shape[-2:])


def with_head(head: Model, make: Callable[[], Body] = Body, *, name: str | None = None) -> Model:
    """A model of pictures: the body, and `head` on its 256 features with what is left of a budget.

    Raises:
        DoesNotFit: on building, if the inputs are no square or the body alone is too large.
    """

    def build(dim_in: int, dim_out: int, parameters: int) -> nn.Module:
        body = make()
        side = math.isqrt(dim_in // body.colours)
        if body.colours * side * side != dim_in or side < LEAST:
            raise DoesNotFit(f"want square pictures of 16 x 16 or more, got {dim_in} numbers")
        left = parameters - trainable(body)
        if left < 1:
            raise DoesNotFit(f"the body has {trainable(body)} numbers, want < {parameters}")
        return nn.Sequential(body, head.build(FEATURES, dim_out, left))

    return Model(
        name or f"convolution+{head.name}",
        build,
        kind="convolution",
        about=f"convolutional features of pictures, then {head.name}",
        source=f"Delis 2024, github.com/AthanasiosDelis/faster-kan; {head.source}",
        continuous=0,
    )


def _normal(
    channels: int, outputs: int, size: int = 3, *, bias: bool = False
) -> tuple[nn.Module, nn.Module]:
    convolution = nn.Conv2d(channels, outputs, size, padding=size // 2, bias=bias)
    return convolution, nn.BatchNorm2d(outputs)


def _block(channels: int, outputs: int) -> nn.Sequential:
    """Two convolutions beside one of single pixels."""
    bent = (*_normal(channels, outputs), nn.ReLU(), *_normal(outputs, outputs))
    straight = nn.Sequential(*_normal(channels, outputs, 1))
    return nn.Sequential(Branches([nn.Sequential(*bent), straight]), nn.ReLU())


def _deep_block(channels: int, outputs: int) -> nn.Sequential:
    """A convolution to the new channels, and two pairs around which they are handed on."""

    def pair() -> Branches:
        first, second = _normal(outputs, outputs, bias=True), _normal(outputs, outputs, bias=True)
        return Branches([nn.Sequential(*first, nn.ReLU(), *second), nn.Identity()])

    return nn.Sequential(
        *_normal(channels, outputs, bias=True), pair(), nn.ReLU(), pair(), nn.ReLU()
    )


def _separable() -> tuple[nn.Module, ...]:
    """Each channel by itself, then all channels of a pixel."""
    return nn.Conv2d(64, 64, 3, groups=64), nn.Conv2d(64, 128, 1)


def _separable_deep() -> tuple[nn.Module, ...]:
    return (
        nn.Conv2d(64, 128, 3, padding=1),
        nn.Conv2d(128, 128, 3, padding=1, groups=128),
        nn.Conv2d(128, 128, 1),
    )
