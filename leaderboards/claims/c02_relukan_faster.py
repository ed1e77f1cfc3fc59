"""ReLU-KAN trains 5 to 20 times faster than KAN, and more so the larger the network."""

from collections.abc import Iterator

from kansci.claims import Claim, Measurement, Quantity, Verdict
from kansci.claims.experiments import faster, inputs, network
from kansci.claims.packages import MISSING, installed, pykan
from kansci.claims.verdict import concluded, times

BATCH = 1_000
SHAPES = {  # widths and cells, in the order of the paper, from small to large
    "f1": ((1, 1), 5),
    "f2": ((2, 1), 5),
    "f3": ((2, 1, 1), 5),
    "f4": ((2, 5, 1), 5),
    "f5": ((4, 4, 2, 1), 10),
}
PACKAGE, PRODUCT = "against pykan, ", "against the same splines by one product, "


def measure() -> Iterator[Quantity | str]:
    version = installed("pykan")
    yield f"pykan {version}" if version else MISSING
    for name, (widths, grid) in SHAPES.items():
        x = inputs(BATCH, widths[0])
        relu = network("relukan-published", widths=widths, grid=grid)
        kan = network("kan-published", widths=widths, grid=grid)
        if version:
            yield faster(PACKAGE + name, relu, pykan(widths, grid), x, "training step")
        yield faster(PRODUCT + name, relu, kan, x, "training step")


def verdict(found: Measurement) -> Verdict:
    product, package = found.starting(PRODUCT), found.starting(PACKAGE, needed=False)
    words = [times(one, 5) for one in [*product, *package]]
    by = f"{min(q.value for q in product):.2g} to {max(q.value for q in product):.2g} times"
    said = f"Beside the same splines by one product it is {by} as fast"
    if package:
        first, last = package[0], package[-1]
        grows = last.low > first.high
        words.append("holds" if grows else "does not hold")
        said += (
            f"; beside pykan {first} for the smallest network and {last} for the largest: the gain "
            f"{'grows' if grows else 'does not grow'}"
        )
    return concluded(words, f"{said}.")


claim = Claim(
    id="C2",
    title="ReLU-KAN 5 to 20 times faster",
    claim=(
        "ReLU-KAN trains 5 to 20 times faster than KAN, the more so the larger the network; on a "
        "CPU its table says 4 to 8.5 times, on a GPU 8 to 30."
    ),
    source="Qiu et al. 2024, arXiv:2406.02075, table of training times",
    cited=("qiu2024relu", "pykan"),
    setting=(
        "Five functions, [1,1] to [4,4,2,1], 5 and 10 cells, k = 3, 1 000 points at once, 500 "
        "steps of Adam. The script of the KAN's side is not published; its times suggest the pykan "
        "of May 2024 as it came, with its symbolic branch on."
    ),
    ours=(
        "One step of Adam at the same shapes, on a CPU; against pykan of today as it comes, and "
        "against the same splines by one product. No GPU."
    ),
    measure=measure,
    verdict=verdict,
)
