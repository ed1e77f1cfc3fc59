"""FasterKAN's forward pass is 1.5 times faster than FastKAN's."""

from collections.abc import Iterator

from kansci.claims import Claim, Measurement, Quantity, Verdict
from kansci.claims.experiments import faster as timed
from kansci.claims.experiments import inputs, network
from kansci.claims.originals import fast, faster
from kansci.claims.verdict import times, together

WIDTHS = (784, 256, 10)
BATCHES = (64, 1_024)
WRITTEN, ARMS = "as written, ", "kernels of kansci, "


def measure() -> Iterator[Quantity | str]:
    for batch in BATCHES:
        x = inputs(batch, WIDTHS[0])
        yield timed(f"{WRITTEN}{batch} points", faster(WIDTHS), fast(WIDTHS), x)
    arms = (network(f"{one}-published", widths=WIDTHS) for one in ("fasterkan", "fastkan"))
    yield timed(f"{ARMS}1024 points", *arms, x)


def verdict(found: Measurement) -> Verdict:
    written, arms = found.starting(WRITTEN), found.starting(ARMS)[0]
    shown = " and ".join(str(one) for one in written)
    return Verdict(
        together(times(one, 1.5) for one in written),
        f"It is {shown} as fast at 64 and 1 024 points, and {arms} with the kernels of kansci.",
    )


claim = Claim(
    id="C6",
    title="FasterKAN 1.5 times faster forward",
    claim="FasterKAN's forward pass is 1.5 times faster than FastKAN's.",
    source="Delis 2024, README of faster-kan; its own table says 0.61 against 0.84 ms, 1.38 times",
    cited=("delis2024fasterkan", "li2024fastkan"),
    setting="[784,256,10] on an RTX 3050 Ti.",
    ours=(
        "The same shape, forward on a CPU, 64 and 1 024 points; both written anew from their "
        "formulas, eager, and the published arms of the zoo."
    ),
    measure=measure,
    verdict=verdict,
)
