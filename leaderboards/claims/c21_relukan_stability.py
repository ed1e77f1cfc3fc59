"""ReLU-KAN trains more stably than KAN where functions oscillate."""

from collections.abc import Iterator

import numpy as np

from kansci.claims import Claim, Measurement, Quantity, Verdict
from kansci.claims.experiments import adam, squared, trained
from kansci.claims.measurement import geometric_mean, mean
from kansci.claims.verdict import together
from kansci.discover import get_model
from kansci.record import Record
from kansci.statistics.stats import Floats

TASK = "relukan/f2"  # sin(5 pi x) + x
PYKAN = "KAN, rate 1"
TRAININGS = {  # model and rate; pykan's default, by which the published curve of KAN looks made
    "ReLU-KAN, rate 0.001": ("relukan-published", 1e-3),
    "KAN, rate 0.001": ("kan-published", 1e-3),
    "ReLU-KAN, rate 0.1": ("relukan-published", 1e-1),
    "KAN, rate 0.1": ("kan-published", 1e-1),
    PYKAN: ("kan-published", 1.0),
}


def rises(record: Record) -> Floats:
    """By how many decades the training loss rose in all, at 30 moments, `(seed,)`."""
    losses = np.array(record.curves[0].losses, dtype=float)  # (moment, seed)
    steps = np.diff(np.log10(np.nan_to_num(losses, nan=1e30).clip(1e-300, 1e30)), axis=0)
    return steps.clip(0).sum(0)


def measure() -> Iterator[Quantity | str]:
    for label, (name, rate) in TRAININGS.items():
        model = get_model(name, widths=(1, 1), grid=5)
        record = trained(TASK, model, adam(5_000, rate))
        yield mean(f"rises, {label}", rises(record), "decades")
        yield geometric_mean(f"MSE, {label}", squared(record))


def verdict(found: Measurement) -> Verdict:
    said, words = [], []
    for rate in ("rate 0.001", "rate 0.1"):
        relu, kan = found[f"rises, ReLU-KAN, {rate}"], found[f"rises, KAN, {rate}"]
        words.append("holds" if relu.high < kan.low else "does not hold")
        said.append(f"{relu} against {kan} at {rate}")
    return Verdict(
        together(words),
        f"Losses of ReLU-KAN rise by {' and '.join(said)}; those of KAN by "
        f"{found[f'rises, {PYKAN}']} at rate 1, the default of pykan's training.",
    )


claim = Claim(
    id="C21",
    title="ReLU-KAN more stable at high frequency",
    claim="Where the target oscillates, ReLU-KAN trains more stably than KAN.",
    source="Qiu et al. 2024, arXiv:2406.02075, figure of the fit of f2",
    cited=("qiu2024relu",),
    setting="sin(5 pi x) + x on [0, 1], [1,1] on 5 cells, 5 000 steps; ReLU-KAN by Adam at 1e-3.",
    ours=(
        "Both at the same rates, 0.001 and 0.1, five seeds: decades by which the training loss "
        "rises from one to the next of 30 moments, summed. KAN at rate 1 as well."
    ),
    measure=measure,
    verdict=verdict,
)
