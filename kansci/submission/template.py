"""The file that `kansci new` writes: a small KAN of one's own, which passes `kansci check`."""

from __future__ import annotations

from pathlib import Path

from kansci.errors import UserError
from kansci.models import list_models
from kansci.submission.fields import safe_name

TEMPLATE = '''\
"""@NAME@: a Kolmogorov-Arnold network whose edges are sums of cosines.

kansci check @FILE@                           # what is wrong with it, in words; seconds
kansci run --model @FILE@ --suite quick       # train it on tasks; minutes
kansci board                                  # where it stands
"""

import math

import torch

from kansci import Model
from kansci.bases import Basis
from kansci.models import KAN, within


class Cosines(Basis):
    """The functions that every edge mixes: cos(k a), a = 0 at one end of [-1, 1], pi at the other.

    Frequencies are fixed, hence a buffer: what is no nn.Parameter is neither trained nor counted.
    """

    def __init__(self, dim_in, size=6):
        super().__init__()
        self.size = size
        self.register_buffer("frequencies", torch.arange(size) * math.pi / 2)

    def forward(self, x):  # (*, in) to (*, in, size): no point meets another
        return torch.cos(self.frequencies * (x.unsqueeze(-1) + 1))


def build(dim_in, dim_out, parameters):
    """One hidden layer, as wide as the budget of trainable numbers holds; any nn.Module will do."""
    return within(parameters, lambda width: KAN((dim_in, width, dim_out), Cosines))


# Have derivatives jumps, or end? derivatives=1 of hats and ReLU; see kansci.models.Model.
model = Model("@NAME@", build, source="unpublished", about="cosines on edges")
'''


def write_template(file: Path) -> str:
    """Writes the template under the name that the file gives the model; returns that name.

    Raises:
        UserError: if there is such a file, or its name is none for a model.
    """
    if file.suffix != ".py":
        raise UserError(f"{file}: want the name of a Python file, such as mykan.py")
    try:
        name = safe_name(file.stem)
    except ValueError as error:
        raise UserError(f"{file}: {error}") from error
    if name in list_models():
        raise UserError(f"{file}: a model of the zoo is called {name!r}; choose another name")
    text = TEMPLATE.replace("@NAME@", name).replace("@FILE@", file.name)
    try:
        with file.open("x", encoding="utf-8") as new:
            new.write(text)
    except FileExistsError as error:
        raise UserError(f"{file}: is there already, and stays; choose another name") from error
    except OSError as error:
        raise UserError(f"{file}: want a place to write to, got: {error.strerror}") from error
    return name
