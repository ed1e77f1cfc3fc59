"""KANs train about ten times slower than MLPs of as many numbers."""

from collections.abc import Iterator

from kansci.claims import Claim, Measurement, Quantity, Verdict
from kansci.claims.experiments import faster, inputs, network
from kansci.claims.packages import MISSING, installed, pykan
from kansci.claims.verdict import times, together

BATCH = 1_000
SMALL, WIDE = "[2,5,1]: ", "[64,64]: "


def measure() -> Iterator[Quantity | str]:
    mlp = network("mlp-silu", widths=(2, 37, 1))  # 149 numbers; pykan has 150, kan 135
    kan = network("kan", widths=(2, 5, 1))
    x = inputs(BATCH, 2)
    if version := installed("pykan"):
        for label, symbolic in (("pykan", True), ("pykan without symbols", False)):
            package = pykan((2, 5, 1), 5, symbolic=symbolic)
            yield faster(f"{SMALL}{label}", mlp, package, x, "training step")
        yield f"pykan {version}"
    else:
        yield MISSING
    yield faster(f"{SMALL}by one product", mlp, kan, x, "training step")
    wide = network("mlp-silu", widths=(64, 285, 64))  # 36 829 numbers; kan has 36 864
    x = inputs(BATCH, 64)
    kan = network("kan", widths=(64, 64))
    yield faster(f"{WIDE}by one product", wide, kan, x, "training step")


def verdict(found: Measurement) -> Verdict:
    one = found[f"{SMALL}by one product"]
    wide = found[f"{WIDE}by one product"]
    words = [times(one, 10), times(wide, 10)]
    said = f"By one product a step takes {one} that of the MLP, and {wide} for a wide layer"
    if f"{SMALL}pykan" in found:
        package = found[f"{SMALL}pykan"]
        words.append(times(package, 10))
        said += f"; pykan takes {package}"
    return Verdict(together(words), f"{said}.")


claim = Claim(
    id="C1",
    title="ten times slower than an MLP",
    claim="A KAN trains about ten times slower than an MLP with as many parameters.",
    source="Liu et al. 2024, arXiv:2404.19756, discussion; no table",
    cited=("liu2024kan", "pykan"),
    setting="Not stated; the authors' own package, on a CPU.",
    ours=(
        "One step of Adam on 1 000 points: [2,5,1] on 5 cells against [2,37,1], and a layer of 64 "
        "by 64 against [64,285,64], of as many numbers each."
    ),
    measure=measure,
    verdict=verdict,
)
