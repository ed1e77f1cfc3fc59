"""flashkan is 6 to 15 times faster than the recursion, and faster than FastKAN."""

from collections.abc import Iterator

from kansci.claims import Claim, Measurement, Quantity, Verdict
from kansci.claims.experiments import CPU, faster, inputs, network
from kansci.claims.originals import fast, recursive
from kansci.claims.packages import as_installed, installed, lacking
from kansci.claims.verdict import above, concluded, times
from kansci.speed.lane import no_compiler
from kansci.speed.work import compiled

BATCH = 256
SHAPES = ((784, 64), (3_072, 64))
RECURSION, FASTKAN = "recursion over flashkan, ", "FastKAN over flashkan, "
ARM = "recursion over kansci's arm, "


def measure() -> Iterator[Quantity | str]:
    reason = lacking("flashkan")
    yield reason or f"flashkan {installed('flashkan')}"
    for widths in SHAPES:
        x, label = inputs(BATCH, widths[0]), "-".join(map(str, widths))
        slow, arm = recursive(widths), network("flashkan-published", widths=widths)
        if not reason:
            package = as_installed("flashkan", widths)
            yield faster(RECURSION + label, package, slow, x)
            yield faster(FASTKAN + label, package, fast(widths), x)
        yield faster(f"{ARM}eager, {label}", arm, slow, x)
        if not no_compiler(CPU):
            yield faster(f"{ARM}compiled, {label}", compiled(arm, CPU), slow, x)


def verdict(found: Measurement) -> Verdict:
    over, beside, arms = (found.starting(name) for name in (RECURSION, FASTKAN, ARM))
    shown = "; ".join(f"{one.name.removeprefix(ARM)}, {one}" for one in arms)
    gains, others = (" and ".join(map(str, one)) for one in (over, beside))
    return concluded(
        [*(times(one, 6) for one in over), *(above(one, 1.0) for one in beside)],
        f"The recursion takes {gains} as long as the package, FastKAN {others}; beside kansci's "
        f"arm the recursion takes: {shown}.",
    )


claim = Claim(
    id="C17",
    title="flashkan 6 to 15 times faster than the recursion",
    claim=(
        "Truncated cubes are 6 to 15 times faster than Cox and de Boor's recursion, and faster "
        "than FastKAN."
    ),
    source="Mysore 2026, text of the package flashkan 0.2.0: 6.3 and 15.3 times",
    cited=("flashkan", "li2024fastkan", "cao2024efficientkan"),
    setting=(
        "784 to 64 and 3 072 to 64, 256 points, forward, on Apple's GPU; flashkan compiles itself."
    ),
    ours=(
        "The same on a CPU: the package as it installs, and as further rows kansci's form of it, "
        "eager and compiled; the recursion and FastKAN are eager, written anew."
    ),
    hardware="Apple M-series",
    measure=measure,
    verdict=verdict,
)
