"""KANs do not forget, as their functions are local."""

from collections.abc import Iterator

from kansci.claims import Claim, Measurement, Quantity, Verdict
from kansci.claims.experiments import lbfgs, trained
from kansci.claims.measurement import mean
from kansci.claims.verdict import Word
from kansci.discover import get_model
from kansci.statistics.forgetting import learned, lost

SEEDS = (0, 1, 2)
KANS = {
    "the paper's flags": ("bumps_1d", "kan[widths=1-1,grid=200,base=none]"),
    "a base branch": ("bumps_1d", "kan[widths=1-1,grid=200]"),
    "pykan's defaults": ("bumps_1d", "kan-published[widths=1-1,grid=200]"),
    "a coarse grid": ("bumps_1d", "kan[widths=1-1,grid=20,base=none]"),
    "a hidden layer": ("bumps_1d", "kan[widths=1-5-1,grid=40,base=none]"),
    "two inputs": ("bumps_2d", "kan[widths=2-5-1,grid=10,base=none]"),
}
MLPS = {
    "an MLP": ("bumps_1d", "mlp-tanh[widths=1-13-13-1]"),
    "an MLP of two inputs": ("bumps_2d", "mlp-tanh[widths=2-18-18-1]"),
}
LOST = 0.3  # decades: a factor of two in the error


def measure() -> Iterator[Quantity | str]:
    for label, (task, model) in {**KANS, **MLPS}.items():
        record = trained(task, get_model(model), lbfgs(300, evaluation_seeds=SEEDS))
        yield mean(f"learned, {label}", learned(record), "decades")
        yield mean(f"lost, {label}", lost(record), "decades")


def verdict(found: Measurement) -> Verdict:
    gone = {label: found[f"lost, {label}"] for label in KANS}
    keep = [label for label, one in gone.items() if one.high <= LOST]
    word: Word = "does not hold"
    if "the paper's flags" in keep:  # the claim as it was made; the others change one thing of it
        word = "holds" if len(keep) == len(gone) else "holds in part"
    rest = "; ".join(
        f"with {label} {one} are lost" for label, one in gone.items() if label not in keep
    )
    said = f"{' and '.join(keep) or 'No KAN'} keep what was learned"
    mlp = found["lost, an MLP"]
    return Verdict(word, f"{said[0].upper()}{said[1:]}; {rest}; by an MLP {mlp}.")


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
        "300 evaluations of L-BFGS a bump in float64, three seeds; what changes when one thing of "
        "the setting does: base branch, grid, a hidden layer, two inputs. Decades as on the boards."
    ),
    measure=measure,
    verdict=verdict,
)
