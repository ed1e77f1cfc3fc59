"""ReLU-KAN does not forget."""

from collections.abc import Iterator

from kansci.claims import Claim, Measurement, Quantity, Verdict
from kansci.claims.experiments import adam, trained
from kansci.claims.measurement import mean
from kansci.claims.verdict import Word, together
from kansci.discover import get_model
from kansci.statistics.forgetting import learned, lost

MODELS = {
    "as published": {"widths": (1, 1), "grid": 25, "order": 1},
    "a finer grid": {"widths": (1, 1), "grid": 100, "order": 3},
    "a hidden layer": {"widths": (1, 5, 1), "grid": 25, "order": 1},
}
LEARNED, LOST = 1.0, 0.3  # decades: what counts as learned; a factor of two in the error


def measure() -> Iterator[Quantity | str]:
    for label, options in MODELS.items():
        model = get_model("relukan-published", **options)
        record = trained("bumps_relukan", model, adam(250, 1e-3))
        yield mean(f"learned, {label}", learned(record), "decades")
        yield mean(f"lost, {label}", lost(record), "decades")


def kept(gained: Quantity, gone: Quantity) -> Word:
    """Whether something was learned, and is still there."""
    if gained.low < LEARNED or gone.low > LOST:
        return "does not hold"
    return "holds" if gone.high <= LOST else "holds in part"


def verdict(found: Measurement) -> Verdict:
    rows = {label: (found[f"learned, {label}"], found[f"lost, {label}"]) for label in MODELS}
    said = "; ".join(f"{label}, {a} learned and {b} lost" for label, (a, b) in rows.items())
    return Verdict(
        together(kept(*row) for row in rows.values()),
        f"{said[0].upper()}{said[1:]}. What has not learned {LEARNED:g} decade has little to lose, "
        f"and {LOST} is a factor of two.",
    )


claim = Claim(
    id="C4",
    title="ReLU-KAN does not forget",
    claim="ReLU-KAN keeps KAN's resistance to catastrophic forgetting.",
    source="Qiu et al. 2024, arXiv:2406.02075, figure of five bumps; no numbers",
    cited=("qiu2024relu",),
    setting=(
        "Five bumps of 1 000 points each, one after another; [1,1] on 25 cells with k = 1, 250 "
        "steps of Adam at 1e-3 a bump, one optimizer throughout."
    ),
    ours="The optimizer starts anew in each stage; also a finer grid, and a hidden layer.",
    measure=measure,
    verdict=verdict,
)
