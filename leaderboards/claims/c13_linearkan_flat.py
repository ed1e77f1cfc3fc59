"""LinearKAN costs the same however many control points it has."""

from collections.abc import Iterator

from kansci.claims import Claim, Measurement, Quantity, Verdict
from kansci.claims.experiments import faster, inputs
from kansci.claims.originals import Lookup, recursive
from kansci.claims.verdict import together, within
from kansci.record import Work

BATCH, WIDTH, FEW, MANY = 1_024, 64, 8, 512
FLAT = 1.5  # times
WORKS: tuple[Work, ...] = ("inference", "forward + backward", "training step")


def measure() -> Iterator[Quantity | str]:
    x = inputs(BATCH, WIDTH)
    few, many = (Lookup(WIDTH, WIDTH, points) for points in (FEW, MANY))
    cubic = recursive((WIDTH, WIDTH))
    for work in WORKS:
        yield faster(f"{MANY} points over {FEW}, {work}", few, many, x, work)
        yield faster(f"recursion on {FEW} functions over it, {work}", few, cubic, x, work)
    fine = recursive((WIDTH, WIDTH), grid=MANY - 3)
    x = inputs(BATCH // 8, WIDTH)  # the recursion keeps everything
    yield faster(f"recursion on {MANY} functions over it, inference", many, fine, x, "inference")


def verdict(found: Measurement) -> Verdict:
    grows = {work: found[f"{MANY} points over {FEW}, {work}"] for work in WORKS}
    gain = found[f"recursion on {MANY} functions over it, inference"]
    same = found[f"recursion on {FEW} functions over it, training step"]
    said = ", ".join(f"{one} in {work}" for work, one in grows.items())
    return Verdict(
        together(within(one, FLAT) for one in grows.values()),
        f"{MANY} points cost {said} as much as {FEW}. The recursion for cubic splines takes {gain} "
        f"as long in inference on {MANY} functions, and {same} in a training step on {FEW}.",
    )


claim = Claim(
    id="C13",
    title="LinearKAN's cost is flat in control points",
    claim=(
        "By lookup LinearKAN trains and infers orders of magnitude faster, and its cost hardly "
        "grows with the number of control points."
    ),
    source="cats-marin 2025, README of kanditioned; no numbers",
    cited=("marin2025kanditioned",),
    setting="Not stated.",
    ours=(
        f"A layer of {WIDTH} by {WIDTH}, {BATCH} points, on a CPU, eager: a table read by "
        f"embedding_bag, with {FEW} and {MANY} control points, and a cubic layer by the recursion "
        "on as many functions. Flat is 1.5 times at most."
    ),
    measure=measure,
    verdict=verdict,
)
