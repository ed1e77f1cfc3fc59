"""embedding_bag is LinearKAN's fastest kernel, but for compiled training, where embedding is."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from kansci.bases import Hat
from kansci.bases.lookup import KERNELS, Kernel
from kansci.claims import Claim, Measurement, Quantity, Verdict
from kansci.claims.experiments import CPU, calls_faster
from kansci.claims.originals import drawn
from kansci.claims.verdict import together
from kansci.speed.lane import no_compiler

INPUTS, OUTPUTS, SIZE, BATCH = 64, 64, 32, 1_024
EAGER, COMPILED = "eager", "compiled"
WORKS = ("inference", "training")


def prepared(kernel: Kernel) -> tuple[Callable[[], object], Callable[[], object]]:
    """Forward; and forward with the gradients of coefficients and weights."""
    generator = torch.Generator().manual_seed(1)
    x = 2 * torch.rand(INPUTS, BATCH, generator=generator) - 1
    first, (weights,) = Hat(INPUTS, grid=SIZE - 1).near(x, 0)
    places = first.long() + torch.arange(2).unsqueeze(-1)
    coef, weights = drawn(OUTPUTS, INPUTS, SIZE).requires_grad_(), weights.requires_grad_()
    cotangent = torch.randn(OUTPUTS, BATCH, generator=generator)

    def forward() -> Tensor:
        with torch.no_grad():
            return kernel(coef, places, weights)

    def both() -> object:
        return torch.autograd.grad(kernel(coef, places, weights), [coef, weights], cotangent)

    return forward, both


def measure() -> Iterator[Quantity | str]:
    gears: dict[str, Callable[[Kernel], Kernel]] = {EAGER: lambda kernel: kernel}
    if lacking := no_compiler(CPU):
        yield f"nothing is compiled: {lacking}"
    else:
        gears[COMPILED] = lambda kernel: torch.compile(kernel, dynamic=False)
    for gear, made in gears.items():
        calls = {name: prepared(made(KERNELS[name])) for name in ("embedding_bag", "embedding")}
        for number, work in enumerate(WORKS):
            bag, plain = (calls[name][number] for name in calls)
            yield calls_faster(f"embedding over embedding_bag, {gear}, {work}", bag, plain)
    bag, dense = (prepared(KERNELS[name])[1] for name in ("embedding_bag", "dense"))
    yield calls_faster("embedding_bag over all hats at once, eager, training", dense, bag)


def verdict(found: Measurement) -> Verdict:
    first = "embedding over embedding_bag, "
    said, words = [], []
    for one in found.starting(first):
        where = one.name.removeprefix(first)
        wanted = one.high < 1 if where == f"{COMPILED}, training" else one.low > 1
        words.append("holds" if wanted else "does not hold")
        said.append(f"{where}: {one}")
    hats = found["embedding_bag over all hats at once, eager, training"]
    return Verdict(
        together(words),
        f"embedding takes as long as embedding_bag by these factors: {'; '.join(said)}. Beside "
        f"hats that are all computed at once, embedding_bag takes {hats} as long in training.",
    )


claim = Claim(
    id="C14",
    title="embedding_bag and embedding, LinearKAN's kernels",
    claim=(
        "Of LinearKAN's kernels embedding_bag is the fastest for inference and for whatever is not "
        "compiled, embedding for compiled training."
    ),
    source="cats-marin 2025, README of kanditioned; no numbers",
    cited=("marin2025kanditioned",),
    setting="Not stated.",
    ours=(
        f"Kernels alone, {INPUTS} inputs to {OUTPUTS} outputs, {SIZE} control points, {BATCH} "
        "points, on a CPU, eager and compiled by inductor."
    ),
    measure=measure,
    verdict=verdict,
)
