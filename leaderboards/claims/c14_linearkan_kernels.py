"""embedding_bag is LinearKAN's fastest kernel, but for compiled training, where embedding is."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from kansci.bases import Hat
from kansci.bases.lookup import KERNELS, Kernel
from kansci.claims import Claim, Measurement, Quantity, Verdict
from kansci.claims.experiments import CPU, calls_faster
from kansci.claims.originals import drawn
from kansci.claims.verdict import above, concluded, within
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
        rule = within if where == f"{COMPILED}, training" else above
        words.append(rule(one, 1.0))
        said.append(f"{where}, {one}")
    hats = found["embedding_bag over all hats at once, eager, training"]
    return concluded(
        words,
        f"embedding takes these multiples of embedding_bag's time: {'; '.join(said)}. Training "
        f"with embedding_bag takes {hats} as long as with hats that are all computed at once.",
    )


claim = Claim(
    id="C14",
    title="embedding_bag and embedding, LinearKAN's kernels",
    claim=(
        "Of LinearKAN's kernels embedding_bag is much faster for inference and for whatever is not "
        "compiled, embedding appears to be somewhat faster for compiled training."
    ),
    source="Bui 2025, text of the package kanditioned 1.0.4; no numbers",
    cited=("marin2025kanditioned",),
    setting="Not stated.",
    ours=(
        f"Kernels alone, {INPUTS} inputs to {OUTPUTS} outputs, {SIZE} control points, {BATCH} "
        "points, on a CPU, eager and compiled by inductor."
    ),
    measure=measure,
    verdict=verdict,
)
