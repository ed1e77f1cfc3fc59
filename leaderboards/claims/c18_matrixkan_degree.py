"""MatrixKAN is about 40 times faster than KAN for high degrees."""

from collections.abc import Iterator

from kansci.claims import Claim, Measurement, Quantity, Verdict
from kansci.claims.experiments import faster, inputs
from kansci.claims.functions import MatrixForm
from kansci.claims.originals import Kept, by_matrix, recursive
from kansci.claims.packages import MISSING, installed, pykan_layer
from kansci.claims.verdict import concluded, times

GRID, DEGREES = 5, (3, 10, 20)
LAYERS = {"2 to 5, 10 000 points": (2, 5, 10_000), "64 to 64, 1 024 points": (64, 64, 1_024)}
HIGH = 10  # the least of the degrees that judge
PYKAN, ONCE = "pykan over matrix", "recursion over matrix, once an input"


def measure() -> Iterator[Quantity | str]:
    version = installed("pykan")
    yield f"pykan {version}" if version else MISSING
    for label, (dim_in, dim_out, batch) in LAYERS.items():
        x = inputs(batch, dim_in).double()
        for degree in DEGREES:
            where = f", {label}, degree {degree}"
            if version:
                size, functions = GRID + degree, MatrixForm(GRID, degree)
                matrix = Kept(dim_in, dim_out, functions, size).double()
                yield faster(PYKAN + where, matrix, pykan_layer(dim_in, dim_out, GRID, degree), x)
            pair = (make((dim_in, dim_out), GRID, degree) for make in (by_matrix, recursive))
            yield faster(ONCE + where, *(one.double() for one in pair), x)


def verdict(found: Measurement) -> Verdict:
    gains, once = ([q for q in found.starting(one) if high(q)] for one in (PYKAN, ONCE))
    said, same = (
        "; ".join(f"{q} for {q.name.removeprefix(f'{name}, ')}" for q in some)
        for name, some in ((PYKAN, gains), (ONCE, once))
    )
    return concluded(
        [times(one, 40) for one in gains],
        f"pykan's layer takes these multiples of its time by the matrix: {said}. With splines made "
        f"once an input, and not kept an edge, the recursion takes {same}.",
    )


def high(one: Quantity) -> bool:
    """Whether it judges."""
    return int(one.name.rpartition(" ")[2]) >= HIGH


claim = Claim(
    id="C18",
    title="MatrixKAN 40 times faster for high degrees",
    claim="With the recursion as one matrix a KAN is about 40 times faster for high degrees.",
    source="Coffman and Chen 2025, arXiv:2502.07176",
    cited=("coffman2025matrixkan", "pykan"),
    setting=(
        "Large degrees and data, on a GPU, in double precision, everything kept an edge, against "
        "pykan."
    ),
    ours=(
        "One layer on 5 cells, of 2 by 5 and of 64 by 64, forward on a CPU in float64: pykan's, "
        "and written anew the same with the matrix, which keeps as much; degrees 10 and 20 judge. "
        "Beside them matrix and recursion written anew, once an input and in one product."
    ),
    hardware="a GPU",
    measure=measure,
    verdict=verdict,
)
