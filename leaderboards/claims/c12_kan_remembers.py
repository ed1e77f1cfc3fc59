"""KANs do not forget, as their functions are local."""

from collections.abc import Iterator

from kansci.claims import Claim, Measurement, Quantity, Verdict
from kansci.claims.experiments import lbfgs, trained
from kansci.claims.measurement import mean
from kansci.claims.rules import LEARNED, LOST, as_published, kept
from kansci.discover import get_model
from kansci.statistics.forgetting import learned, lost

SEEDS = (0, 1, 2)
KANS = {
    "the paper's flags": ("bumps_1d", "kan[widths=1-1,grid=200,base=none]"),
    "a base branch": ("bumps_1d", "kan[widths=1-1,grid=200]"),
    "pykan's defaults": ("bumps_1d", "kan-published[widths=1-1,grid=200]"),
    "a grid of 20 cells": ("bumps_1d", "kan[widths=1-1,grid=20,base=none]"),
    "a hidden layer on 40 cells": ("bumps_1d", "kan[widths=1-5-1,grid=40,base=none]"),
    "two inputs and a hidden layer on 10 cells": (
        "bumps_2d",
        "kan[widths=2-5-1,grid=10,base=none]",
    ),
}
MLPS = {
    "an MLP": ("bumps_1d", "mlp-tanh[widths=1-13-13-1]"),
    "an MLP of two inputs": ("bumps_2d", "mlp-tanh[widths=2-18-18-1]"),
}


def measure() -> Iterator[Quantity | str]:
    for label, (task, model) in {**KANS, **MLPS}.items():
        record = trained(task, get_model(model), lbfgs(300, evaluation_seeds=SEEDS))
        yield mean(f"learned, {label}", learned(record), "decades")
        yield mean(f"lost, {label}", lost(record), "decades")


def verdict(found: Measurement) -> Verdict:
    rows = {
        label: (found[f"learned, {label}"], found[f"lost, {label}"]) for label in {**KANS, **MLPS}
    }
    said = {label: f"{gone} of {gained} learned" for label, (gained, gone) in rows.items()}
    first, *others = KANS
    mlp, *_ = MLPS
    rest = "; ".join(f"with {label} {said[label]}" for label in others)
    return Verdict(
        as_published(kept(*rows[first]), [kept(*rows[label]) for label in others]),
        f"With {first} a KAN loses {said[first]}; {rest}; {mlp} {said[mlp]}. Below {LEARNED:g} "
        f"decade learned it cannot be said that something is kept; up to {LOST} lost, a factor of "
        "two, is kept.",
    )


claim = Claim(
    id="C12",
    title="KANs do not forget",
    claim="KANs avoid catastrophic forgetting, since splines are local: what is far stays.",
    source="Liu et al. 2024, arXiv:2404.19756, section 3.5, and pykan's tutorial 8; a figure only",
    cited=("liu2024kan", "pykan"),
    setting=(
        "Five bumps on a line, one after another; [1,1] on 200 cells without a base branch and "
        "with fixed scales, L-BFGS; an MLP of unknown shape beside it."
    ),
    ours=(
        "300 evaluations of L-BFGS a bump in float64, three seeds. Variants have a base branch; "
        "all that pykan trains by default; a coarser grid; a hidden layer, with a coarser grid; "
        "two inputs, with both. They were not claimed, and cost no more than "
        '"in part". Decades as on the boards.'
    ),
    measure=measure,
    verdict=verdict,
)
