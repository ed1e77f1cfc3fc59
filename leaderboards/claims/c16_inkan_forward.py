"""inkan's forward pass is 2.8 to 5.4 times faster than the recursion."""

from collections.abc import Iterator

from kansci.claims import Claim, Measurement, Quantity, Verdict
from kansci.claims.experiments import CPU, faster, inputs, network
from kansci.claims.originals import recursive
from kansci.claims.packages import as_installed, installed, lacking
from kansci.claims.verdict import concluded, times
from kansci.speed.lane import no_compiler
from kansci.speed.work import compiled

BATCH = 256
SHAPES = ((784, 64), (3_072, 64))
PACKAGE, ARM = "recursion over inkan, ", "recursion over kansci's arm, "


def measure() -> Iterator[Quantity | str]:
    reason = lacking("inkan")
    yield reason or f"inkan {installed('inkan')}"
    for widths in SHAPES:
        x, label = inputs(BATCH, widths[0]), "-".join(map(str, widths))
        slow, arm = recursive(widths), network("inkan-published", widths=widths)
        if not reason:
            yield faster(PACKAGE + label, as_installed("inkan", widths), slow, x)
        yield faster(f"{ARM}eager, {label}", arm, slow, x)
        if not no_compiler(CPU):
            yield faster(f"{ARM}compiled, {label}", compiled(arm, CPU), slow, x)


def verdict(found: Measurement) -> Verdict:
    gains, arms = found.starting(PACKAGE), found.starting(ARM)
    shown = "; ".join(f"{one.name.removeprefix(ARM)}, {one}" for one in arms)
    return concluded(
        [times(one, 2.8) for one in gains],
        f"The recursion takes {' and '.join(map(str, gains))} as long as the package, and beside "
        f"kansci's arm: {shown}.",
    )


claim = Claim(
    id="C16",
    title="inkan 2.8 to 5.4 times faster forward",
    claim="inkan's forward pass takes 2.8 to 5.4 times less time than recursive B-splines.",
    source=(
        "Mysore 2026, text of the package inkan 0.5.2, whose table has 2.85 and 3.48 times; its "
        "5.4 is that of few functions over all of them at 50 cells"
    ),
    cited=("inkan", "cao2024efficientkan"),
    setting=(
        "Layers of 784 and 3 072 inputs, outputs not stated, 256 points, forward, against "
        "efficient-kan on an H100; inkan compiles itself."
    ),
    ours=(
        "To 64 outputs on a CPU: the package as it installs, and as further rows kansci's form of "
        "it, eager and compiled; the recursion is eager."
    ),
    hardware="H100",
    measure=measure,
    verdict=verdict,
)
