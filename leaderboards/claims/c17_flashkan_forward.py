"""flashkan is 6 to 15 times faster than the recursion, and faster than FastKAN."""

from collections.abc import Iterator

from kansci.claims import Claim, Measurement, Quantity, Verdict
from kansci.claims.experiments import CPU, faster, inputs, network
from kansci.claims.originals import fast, recursive
from kansci.claims.verdict import Word, times, together
from kansci.speed.lane import no_compiler
from kansci.speed.work import compiled

BATCH = 256
SHAPES = ((784, 64), (3_072, 64))
EAGER = "recursion over flashkan, eager, "
RECURSION, FASTKAN = "recursion over flashkan compiled, ", "FastKAN over flashkan compiled, "


def measure() -> Iterator[Quantity | str]:
    lacking = no_compiler(CPU)
    if lacking:
        yield f"nothing is compiled: {lacking}"
    for widths in SHAPES:
        ours = network("flashkan-published", widths=widths)
        x, label = inputs(BATCH, widths[0]), "-".join(map(str, widths))
        yield faster(EAGER + label, ours, recursive(widths), x)
        if not lacking:
            ours = compiled(ours, CPU)
            yield faster(RECURSION + label, ours, recursive(widths), x)
            yield faster(FASTKAN + label, ours, fast(widths), x)


def verdict(found: Measurement) -> Verdict:
    eager = found.starting(EAGER)
    over, beside = (found.starting(name, needed=False) for name in (RECURSION, FASTKAN))
    words: list[Word] = [times(one, 6) for one in [*eager, *over]]
    words += ["holds" if one.low > 1 else "does not hold" for one in beside]
    shown = [" and ".join(map(str, gains)) for gains in (eager, over, beside)]
    said = f"The recursion takes {shown[0]} as long as flashkan eager"
    if over:
        said += f", {shown[1]} as long as flashkan compiled, and FastKAN {shown[2]} as long"
    return Verdict(together(words), f"{said}.")


claim = Claim(
    id="C17",
    title="flashkan 6 to 15 times faster than the recursion",
    claim=(
        "Truncated cubes are 6 to 15 times faster than Cox and de Boor's recursion, and faster "
        "than FastKAN."
    ),
    source="NAVEENMN 2025, README of flashkan",
    cited=("flashkan", "li2024fastkan"),
    setting="784 to 64 and 3 072 to 64, 256 points, forward, compiled, on Apple's GPU.",
    ours="The published arm on a CPU, eager and compiled; the others are eager.",
    measure=measure,
    verdict=verdict,
)
