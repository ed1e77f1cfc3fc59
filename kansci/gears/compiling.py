"""`python -m kansci.gears.compiling FOLDER`: `graph.pt` becomes `program.pt2`, and is tried.

A process of its own, so that a compiler that crashes or hangs harms nobody, and a program that
would is never handed on. The graph comes with arguments for it, pickled by whoever started this.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import torch
import torch._inductor.compile_fx  # which a graph wants to be unpickled, and all needs then
from torch import Tensor

from kansci.gears.tracing import room

DIGITS = {torch.float64: 1e-9, torch.float32: 1e-3}
# Operations that may be computed again for every use of their answer. Without a bound a sine of a
# residual was computed for each edge of the network: twice the time of a whole step.
AGAIN = 30
CONFIG = {
    "realize_opcount_threshold": AGAIN,
    # They took 13 s and 300 MB of a new environment, and no program compiled any sooner for them.
    "aot_inductor.precompile_headers": False,
}


def compile_in(folder: Path) -> None:
    """Compiles the graph of a folder, and runs it beside the graph itself.

    Raises:
        RuntimeError: if the two differ.
    """
    graph, few = torch.load(folder / "graph.pt", weights_only=False)
    members = torch.export.Dim("member", min=1, max=1 << 20)
    exported = torch.export.export(
        graph, few, strict=False, dynamic_shapes=tuple({0: members} for _ in few)
    )
    made = folder / "made.pt2"
    torch._inductor.aoti_compile_and_package(
        exported,
        package_path=str(made),
        inductor_configs=CONFIG,
    )
    library = torch._inductor.aoti_load_package(str(made))
    for many in (2, 5):
        given = [_spread(one, many) for one in few]
        compare(library(*given), exported.module()(*given))
    made.rename(folder / "program.pt2")


def _spread(one: Tensor, members: int) -> Tensor:
    """Members that differ: points that do not once crashed a compiled program."""
    generator = torch.Generator().manual_seed(0)
    shape = (members, *one.shape[1:])
    factor = 1 + 0.1 * torch.rand(shape, generator=generator, dtype=torch.double)
    wide = room(one, members).copy_(one[:1])
    return wide.mul_(factor.to(one.device, one.dtype)) if one.is_floating_point() else wide


def compare(found: tuple[Tensor, ...], wanted: tuple[Tensor, ...]) -> None:
    """Raises a RuntimeError unless two answers agree, as far as their dtype goes."""
    for one, other in zip(found, wanted, strict=True):
        bound = DIGITS.get(other.dtype, 0.0) * (1 + other.abs().nan_to_num().max())
        close = ((one - other).abs() <= bound) | (one.isnan() & other.isnan()) | (one == other)
        if not close.all():
            raise RuntimeError("the compiled program gives other numbers than the network")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    compile_in(Path(sys.argv[1]))
