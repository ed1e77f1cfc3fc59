r"""Second differences: badly conditioned in control points, well in scans or cosines.

The penalty is $|D c|^2$ with $D$ the second differences of control points $c$. The square of the
Laplacian with even ends, $L^2$, is $D^\top D$ and two terms more, of rank one each: the squares of
the differences at both ends. Cosines diagonalise $L^2$ and not $D^\top D$.

Source: Strang 1999, "The discrete cosine transform", doi:10.1137/S0036144598336745, for $L$ and its
cosines.
"""

from collections.abc import Iterator

import numpy as np
import torch
from scipy.fft import dct

from kansci.bases import Hat, Ramp
from kansci.claims import Claim, Measurement, Quantity, Verdict
from kansci.claims.measurement import exactly, short
from kansci.claims.verdict import together
from kansci.statistics.stats import Floats

POINTS = (8, 16, 32, 64, 128, 256)
SCALED, CORRECTED = "cosines, each by its own scale", "cosines, scaled, with the correction"
NAMES = ("control points", "scans", "cosines", SCALED, CORRECTED)
RANK = f"rank of the correction at {POINTS[-1]} points"


def penalty(basis: Hat) -> Floats:
    """The quadratic form of the summed squares of second differences, `(number, number)`."""
    differences = basis.bends(torch.eye(basis.size, dtype=torch.double)).numpy()
    return differences @ differences.T


def condition(form: Floats, free: int = 2) -> float:
    """The greatest eigenvalue over the least; `free` dimensions are not penalised, and not counted:
    straight lines, or constants alone."""
    values = np.linalg.eigvalsh(form)[free:]
    return float(values[-1] / values[0])


def laplacian(points: int) -> Floats:
    """With even ends: the graph of a path, `(number, number)`."""
    differences = np.diff(np.eye(points), axis=0)
    return differences.T @ differences


def scaled(form: Floats) -> Floats:
    """Every number by the root of its own penalty; the constant, which has none, as it is."""
    scale = np.sqrt(np.maximum(np.diag(form), 1e-300))
    scale[0] = 1.0
    return form / np.outer(scale, scale)


def measure() -> Iterator[Quantity | str]:
    found: dict[str, list[float]] = {name: [] for name in NAMES}
    rank = 0
    for points in POINTS:
        hats = penalty(Hat(1, grid=points - 1))
        square = laplacian(points) @ laplacian(points)
        rank = int(np.linalg.matrix_rank(square - hats))
        waves = np.asarray(dct(np.eye(points), axis=0, norm="ortho"))
        cosines, whole = (waves @ form @ waves.T for form in (hats, square))
        forms = (hats, penalty(Ramp(1, grid=points - 1)), cosines, scaled(cosines))
        for name, form in zip(NAMES, forms, strict=False):
            found[name].append(condition(form))
        found[CORRECTED].append(condition(scaled(whole), free=1))
    for name, values in found.items():
        slope = np.polyfit(np.log(POINTS[2:]), np.log(values[2:]), 1)[0]
        yield exactly(f"condition at {POINTS[-1]} points, {name}", values[-1])
        yield exactly(f"power of growth, {name}", round(float(slope), 9))
    yield exactly(RANK, rank)


def verdict(found: Measurement) -> Verdict:
    powers = {name: found[f"power of growth, {name}"].value for name in NAMES}
    points, scans, _, _, corrected = powers.values()
    flat = 0.1
    words = [
        "holds" if abs(points - 4) < 0.5 else "does not hold",
        "holds" if abs(scans) < flat else "does not hold",
        "holds" if abs(corrected) < flat else "does not hold",
    ]
    said = ", ".join(f"{short(value)} in {name}" for name, value in powers.items())
    conditions = [short(found[f"condition at {POINTS[-1]} points, {name}"].value) for name in NAMES]
    return Verdict(
        together(words),
        f"The condition number grows with these powers of the points: {said}, which has rank "
        f"{short(found[RANK].value)}. At {POINTS[-1]} points it is {', '.join(conditions)}.",
    )


claim = Claim(
    id="C24",
    title="conditioning of LinearKAN's parameters",
    claim=(
        "In control points the penalty on second differences has a condition number that grows "
        "with their fourth power; in cumulative sums (scans), or in cosines with a correction of "
        "rank 2, it is bounded."
    ),
    source="Bui 2025, README of kanditioned 1.0.4, in its list of what is to be done",
    cited=("marin2025kanditioned",),
    setting="A plan, without code or numbers: the package has neither scans nor cosines.",
    ours=(
        "Mathematics, computed in float64 from 8 to 256 points, without what is not penalised: "
        "control points, second differences, cosines, and cosines scaled one by one. We take the "
        "correction for the difference to the form that cosines diagonalise, the squared Laplacian "
        "with even ends: the squares of the slopes at both ends."
    ),
    measure=measure,
    verdict=verdict,
    quick=True,
)
