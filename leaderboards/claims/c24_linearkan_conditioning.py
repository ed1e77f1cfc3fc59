"""Second differences: badly conditioned in control points, well in scans or cosines."""

from collections.abc import Iterator

import numpy as np
import torch
from scipy.fft import dct

from kansci.bases import Hat, Ramp
from kansci.claims import Claim, Measurement, Quantity, Verdict
from kansci.claims.measurement import exactly
from kansci.claims.verdict import together
from kansci.statistics.stats import Floats

POINTS = (8, 16, 32, 64, 128, 256)
NAMES = ("control points", "scans", "cosines", "cosines, each by its own scale")


def penalty(basis: Hat) -> Floats:
    """The quadratic form of the summed squares of second differences, `(number, number)`."""
    differences = basis.bends(torch.eye(basis.size, dtype=torch.double)).numpy()
    return differences @ differences.T


def condition(form: Floats) -> float:
    """Of what is not penalised nothing counts: the two dimensions of straight lines."""
    values = np.linalg.eigvalsh(form)[2:]
    return float(values[-1] / values[0])


def measure() -> Iterator[Quantity | str]:
    found: dict[str, list[float]] = {name: [] for name in NAMES}
    for points in POINTS:
        hats = penalty(Hat(1, grid=points - 1))
        waves = np.asarray(dct(np.eye(points), axis=0, norm="ortho"))
        cosines = waves @ hats @ waves.T
        scale = np.sqrt(np.maximum(np.diag(cosines), 1e-300))
        scale[0] = 1.0  # the constant, which has no bends
        forms = (hats, penalty(Ramp(1, grid=points - 1)), cosines, cosines / np.outer(scale, scale))
        for name, form in zip(NAMES, forms, strict=True):
            found[name].append(condition(form))
    for name, values in found.items():
        slope = np.polyfit(np.log(POINTS[2:]), np.log(values[2:]), 1)[0]
        yield exactly(f"condition at {POINTS[-1]} points, {name}", values[-1])
        yield exactly(f"power of growth, {name}", float(slope))


def verdict(found: Measurement) -> Verdict:
    powers = {name: found[f"power of growth, {name}"].value for name in NAMES}
    points, scans, cosines, scaled = powers.values()
    flat = 0.1
    words = [
        "holds" if abs(points - 4) < 0.5 else "does not hold",
        "holds" if abs(scans) < flat else "does not hold",
        "holds" if abs(cosines) < flat or abs(scaled) < flat else "does not hold",
    ]
    said = ", ".join(f"{value:.2g} in {name}" for name, value in powers.items())
    return Verdict(
        together(words), f"The condition number grows with these powers of the points: {said}."
    )


claim = Claim(
    id="C24",
    title="conditioning of LinearKAN's parameters",
    claim=(
        "In control points the penalty on second differences has a condition number that grows "
        "with their fourth power; in cumulative sums (scans) or cosines it is bounded."
    ),
    source="cats-marin 2025, README of kanditioned",
    cited=("marin2025kanditioned",),
    setting="Mathematics; the package has no cosines.",
    ours=(
        "Computed in float64 from 8 to 256 points, without the straight lines, of which nothing is "
        "penalised: control points, second differences, cosines, and cosines scaled one by one."
    ),
    measure=measure,
    verdict=verdict,
    quick=True,
)
