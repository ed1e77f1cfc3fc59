"""KANs train about ten times slower than MLPs of as many numbers."""

from collections.abc import Iterator

from kansci.claims import Claim, Measurement, Quantity, Verdict
from kansci.claims.experiments import faster, inputs, network
from kansci.claims.packages import MISSING, installed, pykan
from kansci.claims.verdict import concluded, times

BATCH = 1_000
SMALL, WIDE = "[2,5,1]: ", "[64,64]: "
SHAPES = {  # of the KAN, and of an MLP with as many numbers: 135 and 149, 36 864 and 36 829
    SMALL: ((2, 5, 1), (2, 37, 1)),
    WIDE: ((64, 64), (64, 285, 64)),
}
PACKAGE, BARE, PRODUCT = "pykan", "pykan without symbols", "one product"


def measure() -> Iterator[Quantity | str]:
    version = installed("pykan")
    yield f"pykan {version}" if version else MISSING
    for shape, (widths, others) in SHAPES.items():
        x, mlp = inputs(BATCH, widths[0]), network("mlp-silu", widths=others)
        if version:
            for label, symbolic in ((PACKAGE, True), (BARE, False)):
                package = pykan(widths, 5, symbolic=symbolic)
                yield faster(f"{shape}{label}", mlp, package, x, "training step")
        kan = network("kan", widths=widths)
        yield faster(f"{shape}{PRODUCT}", mlp, kan, x, "training step")


def verdict(found: Measurement) -> Verdict:
    product = [found[f"{shape}{PRODUCT}"] for shape in SHAPES]
    package = [one for shape in SHAPES for one in found.starting(f"{shape}pykan", needed=False)]
    said = (
        f"With all edges in one matrix product a step takes {product[0]} the MLP's time, in a wide "
        f"layer {product[1]}"
    )
    if package:
        small, bare, wide, wide_bare = package
        said += (
            f"; with pykan as it comes {small}, in a wide layer {wide}, and without its branch of "
            f"symbols {bare} and {wide_bare}"
        )
    return concluded([times(one, 10) for one in [*product, *package]], f"{said}.")


claim = Claim(
    id="C1",
    title="ten times slower than an MLP",
    claim="A KAN trains about ten times slower than an MLP with as many parameters.",
    source=(
        "Liu et al. 2024, arXiv:2404.19756, discussion; no table. The first author in pykan's "
        "issue 38: wall-clock time of one step, a typical value at the scale of the paper"
    ),
    cited=("liu2024kan", "pykan"),
    setting="Networks of the paper, with the authors' own package; shapes and machine not stated.",
    ours=(
        "One step of Adam on 1 000 points, on a CPU: [2,5,1] on 5 cells against [2,37,1], and a "
        "layer of 64 by 64 against [64,285,64], of about as many numbers each."
    ),
    measure=measure,
    verdict=verdict,
)
