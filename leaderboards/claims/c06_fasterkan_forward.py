"""FasterKAN's forward pass is 1.5 times faster than FastKAN's."""

from collections.abc import Iterator
from functools import partial

from kansci.claims import Claim, Measurement, Quantity, Verdict
from kansci.claims.experiments import calls_faster, inputs, network
from kansci.claims.experiments import faster as timed
from kansci.claims.originals import fast, faster
from kansci.claims.verdict import concluded, times

PUBLISHED = {"784-256-10, 16 functions": ((784, 256, 10), 16), "784-64-10": ((784, 64, 10), 8)}
WIDTHS, BATCH, MANY = (784, 256, 10), 64, 1_024
WRITTEN = "as published, "
MORE, ARMS = (f"784-256-10, {MANY} points, {how}" for how in ("written anew", "kernels of kansci"))


def measure() -> Iterator[Quantity | str]:
    x = inputs(BATCH, WIDTHS[0])
    for label, shape in PUBLISHED.items():
        calls = [partial(one(*shape), x) for one in (faster, fast)]  # gradients are recorded
        yield calls_faster(WRITTEN + label, *calls)
    x = inputs(MANY, WIDTHS[0])
    yield timed(MORE, faster(WIDTHS), fast(WIDTHS), x)
    arms = (network(f"{one}-published", widths=WIDTHS) for one in ("fasterkan", "fastkan"))
    yield timed(ARMS, *arms, x)


def verdict(found: Measurement) -> Verdict:
    wide, narrow = found.starting(WRITTEN)
    return concluded(
        [times(one, 1.5) for one in (wide, narrow)],
        f"In the published settings FastKAN takes {wide} and {narrow} as long; for 1 024 points, "
        f"{found[MORE]} as written anew and {found[ARMS]} with the kernels of kansci. Below 1 "
        "FastKAN is the faster one.",
    )


claim = Claim(
    id="C6",
    title="FasterKAN 1.5 times faster forward",
    claim="FasterKAN's forward pass is 1.5 times faster than FastKAN's.",
    source=(
        "Delis 2024, README of faster-kan; its own tables say 0.61 against 0.84 ms, 1.38 times, "
        "and 0.74 against 0.98 ms, 1.32 times"
    ),
    cited=("delis2024fasterkan", "li2024fastkan"),
    setting=(
        "[784,256,10] with 16 functions an input, by its printed numbers of parameters, and "
        "[784,64,10] with 8; 64 points, gradients recorded, on an RTX 3050 Ti."
    ),
    ours=(
        "The same on a CPU, both written anew from their formulas, eager: these judge. Beside them "
        "[784,256,10] with 8 functions and 1 024 points, without gradients, and the published arms "
        "of the zoo."
    ),
    hardware="RTX 3050 Ti",
    measure=measure,
    verdict=verdict,
)
