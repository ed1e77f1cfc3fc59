"""On Poisson's equation a small KAN is a hundred times more accurate than a large MLP."""

from collections.abc import Iterator

import numpy as np

from kansci.claims import Claim, Measurement, Quantity, Verdict
from kansci.claims.experiments import final, lbfgs, trained
from kansci.claims.measurement import exactly, geometric_mean, ratio
from kansci.claims.verdict import times
from kansci.discover import get_model, get_task

SEEDS = (0, 1, 2)
EVALUATIONS = 1_000
MODELS = {
    "KAN": ("kan", {"widths": (2, 10, 1), "grid": 5}),
    "MLP": ("mlp-tanh", {"widths": (2, 100, 100, 100, 100, 1)}),
}


def measure() -> Iterator[Quantity | str]:
    task = get_task("poisson")
    power = task.judged_by("test")[0].y.square().mean().item()
    recipe = lbfgs(EVALUATIONS, evaluation_seeds=SEEDS, points=1_024)
    errors, numbers = {}, {}
    for label, (model, options) in MODELS.items():
        record = trained(task, get_model(model, **options), recipe)
        errors[label], numbers[label] = np.square(final(record)) * power, record.parameters or 0
        yield geometric_mean(f"MSE of the {label}", errors[label])
        yield exactly(f"numbers of the {label}", numbers[label])
    yield ratio("MSE of the MLP over that of the KAN", errors["MLP"], errors["KAN"])
    yield exactly("numbers of the MLP over those of the KAN", numbers["MLP"] / numbers["KAN"])


def verdict(found: Measurement) -> Verdict:
    gain = found["MSE of the MLP over that of the KAN"]
    smaller = found["numbers of the MLP over those of the KAN"]
    ours, theirs = found["MSE of the KAN"], found["MSE of the MLP"]
    better = "the KAN" if gain.low > 1 else "the MLP" if gain.high < 1 else "neither"
    return Verdict(
        times(gain, 100),  # of accuracy alone: sizes are set by widths, and not measured
        f"The KAN has {smaller} times fewer numbers and a mean squared error of {ours}, the MLP of "
        f"{theirs}, {gain} that of the KAN: {better} is more accurate.",
    )


claim = Claim(
    id="C9",
    title="Poisson: 100 times more accurate, 100 times smaller",
    claim=(
        "On Poisson's equation a KAN with one hidden layer of ten is a hundred times more accurate "
        "than an MLP with four of a hundred (mean squared error 1e-7 against 1e-5), and a hundred "
        "times smaller (1e2 against 1e4 numbers)."
    ),
    source="Liu et al. 2024, arXiv:2404.19756, section 3.4; errors in a figure only",
    cited=("liu2024kan",),
    setting=(
        "u = sin(pi x) sin(pi y^2), residual weighed by 0.01; 10 000 points inside, 800 on the "
        "edges, L-BFGS; cells and steps are not stated."
    ),
    ours=(
        "[2,10,1] on 5 cubic cells against [2,100,100,100,100,1] with tanh: the same 1 000 "
        "evaluations of L-BFGS in float64, three seeds, 1 024 points inside and 256 on the edges."
    ),
    measure=measure,
    verdict=verdict,
)
