"""ReLU-KAN does not forget."""

from collections.abc import Iterator

from kansci.claims import Claim, Measurement, Quantity, Verdict
from kansci.claims.experiments import adam, trained
from kansci.claims.measurement import mean
from kansci.claims.rules import LEARNED, LOST, as_published, kept
from kansci.discover import get_model
from kansci.statistics.forgetting import learned, lost

NEARLY, BESIDE = "nearly as published", "a KAN beside"
MODELS = {
    NEARLY: "relukan-published[widths=1-1,grid=25,order=1]",
    "a finer grid": "relukan-published[widths=1-1,grid=100,order=3]",
    "a hidden layer": "relukan-published[widths=1-5-1,grid=25,order=1]",
    BESIDE: "kan[widths=1-1,grid=25,base=none]",
}


def measure() -> Iterator[Quantity | str]:
    for label, model in MODELS.items():
        record = trained("bumps_relukan", get_model(model), adam(250, 1e-3))
        yield mean(f"learned, {label}", learned(record), "decades")
        yield mean(f"lost, {label}", lost(record), "decades")


def verdict(found: Measurement) -> Verdict:
    rows = {label: (found[f"learned, {label}"], found[f"lost, {label}"]) for label in MODELS}
    words = {label: kept(*row) for label, row in rows.items() if label != BESIDE}
    said = "; ".join(f"{label}, {a} learned and {b} lost" for label, (a, b) in rows.items())
    first = words.pop(NEARLY)
    few = " Nearly as published it is too little that was learned." * (first == "cannot be judged")
    return Verdict(
        as_published(first, words.values()),
        f"{said[0].upper()}{said[1:]}.{few} Below {LEARNED:g} decade learned it cannot be said "
        f"that something is kept; up to {LOST} lost, a factor of two, is kept.",
    )


claim = Claim(
    id="C4",
    title="ReLU-KAN does not forget",
    claim="ReLU-KAN keeps KAN's resistance to catastrophic forgetting.",
    source="Qiu et al. 2024, arXiv:2406.02075, figure of five bumps; no numbers, no KAN beside",
    cited=("qiu2024relu",),
    setting=(
        "Five bumps of 1 000 points each, one after another; [1,1] on 25 cells with k = 1, 250 "
        "steps of Adam at 1e-3 a bump, one optimizer throughout."
    ),
    ours=(
        "The same but for the optimizer, which starts anew in each stage; five seeds. Also a finer "
        "grid, and a hidden layer, which were not claimed and cost no more than "
        '"in part"; and a KAN on 25 cells without a base branch, trained alike.'
    ),
    measure=measure,
    verdict=verdict,
)
