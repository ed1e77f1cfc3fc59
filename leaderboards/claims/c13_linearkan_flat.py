"""LinearKAN is orders of magnitude faster, and its cost grows slowly with its control points."""

import math
from collections.abc import Iterator

from kansci.claims import Claim, Measurement, Quantity, Verdict
from kansci.claims.experiments import faster, inputs
from kansci.claims.originals import recursive
from kansci.claims.packages import installed, kanditioned, missing
from kansci.claims.verdict import concluded, times, within
from kansci.record import Work

BATCH, WIDTH, FEW, MANY = 1_024, 64, 8, 512
WORKS: tuple[Work, ...] = ("inference", "forward + backward", "training step")
GROWTH, GAIN = f"{MANY} points over {FEW}, ", "recursion over it, "


def measure() -> Iterator[Quantity | str]:
    if not (version := installed("kanditioned")):
        yield missing("kanditioned")
        return
    yield f"kanditioned {version}"
    few, many = (kanditioned(WIDTH, WIDTH, points) for points in (FEW, MANY))
    x = inputs(BATCH, WIDTH)
    for work in WORKS:
        yield faster(GROWTH + work, few, many, x, work)
    for points, layer, batch in ((FEW, few, BATCH), (MANY, many, BATCH // 8)):
        cubic, x = recursive((WIDTH, WIDTH), grid=points - 3), inputs(batch, WIDTH)
        for work in WORKS:
            yield faster(f"{GAIN}{points} points, {work}", layer, cubic, x, work)


def power(grown: Quantity) -> Quantity:
    """Of the number of control points, with which the cost grows."""
    value, low, high = (math.log(one, MANY / FEW) for one in (grown.value, grown.low, grown.high))
    return grown.model_copy(update={"value": value, "low": low, "high": high, "unit": ""})


def verdict(found: Measurement) -> Verdict:
    powers, gains = [power(one) for one in found.starting(GROWTH)], found.starting(GAIN)
    grows = ", ".join(f"{one} in {one.name.removeprefix(GROWTH)}" for one in powers)
    said = "; ".join(f"{one.name.removeprefix(GAIN)}, {one}" for one in gains)
    return concluded(
        [*(within(one, 1.0) for one in powers), *(times(one, 10) for one in gains)],
        f"The cost grows with these powers of the number of points: {grows}; sublinear is below 1. "
        f"The recursion takes these multiples of it: {said}; orders of magnitude begin at 10.",
    )


claim = Claim(
    id="C13",
    title="LinearKAN, orders of magnitude faster",
    claim=(
        "By lookup in uniform linear splines LinearKAN trains and infers faster by orders of "
        "magnitude, and its cost is effectively sublinear in the number of control points."
    ),
    source="Bui 2025, text of the package kanditioned 1.0.4; no numbers",
    cited=("marin2025kanditioned", "cao2024efficientkan"),
    setting="Not stated.",
    ours=(
        f"The package's layer of {WIDTH} by {WIDTH} with its kernel embedding_bag, as its default "
        f"fails, with {FEW} and {MANY} control points, {BATCH} points, on a CPU, eager; and a "
        "cubic layer by the recursion, as efficient-kan's, with as many functions, an eighth of "
        f"the points for {MANY}."
    ),
    measure=measure,
    verdict=verdict,
)
