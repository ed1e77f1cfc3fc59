"""KANs need fewer parameters than MLPs."""

from collections.abc import Iterator

from kansci.api import frozen_reference
from kansci.claims import Claim, Measurement, Quantity, Verdict
from kansci.claims.edition import ahead
from kansci.claims.measurement import exactly, short
from kansci.claims.verdict import Word
from kansci.discover import home, load
from kansci.errors import UserError
from kansci.statistics.standing import standings
from kansci.statistics.stats import Floats, hierarchical_mean, interval, replicates
from kansci.submission.ledger import load_ledger

MODELS = ("kan", "mlp-tanh")
NAME = "numbers of the reference MLP over those of "
PAIRED = "the same, of kan over mlp-tanh"
BOUNDS = "cells that are bounds, of "
AHEAD = "decades of kan ahead of the reference MLP at equal numbers"


def measure() -> Iterator[Quantity | str]:
    board, reference = load(home("leaderboards") / "efficiency.py"), frozen_reference()
    records = load_ledger(home("leaderboards") / "records")
    found = {one.model: one for one in standings(records) if one.model in MODELS}
    if reference is None or set(found) != set(MODELS) or any(s.missing for s in found.values()):
        raise UserError(f"want all Records of {' and '.join(MODELS)} beside a frozen reference")
    cells, bounds = {}, {}
    for model in MODELS:
        rated = [board.rate(record, reference) for record in found[model].scored]
        cells[model] = [one.cell(one.gains) for one in rated if one.gains is not None]
        bounds[model] = sum(one.clipped for one in rated)
    draws = {model: replicates(own) for model, own in cells.items()}  # (draw,), paired
    means = {model: hierarchical_mean(own) for model, own in cells.items()}
    kan, mlp = MODELS
    for model in MODELS:
        yield times_fewer(NAME + model, means[model], draws[model], len(cells[model]))
    yield times_fewer(PAIRED, means[kan] - means[mlp], draws[kan] - draws[mlp], len(cells[kan]))
    for model in MODELS:
        yield exactly(BOUNDS + model, bounds[model])
    yield ahead(AHEAD, kan, reference.model)


def times_fewer(name: str, mean: float, draws: Floats, count: int) -> Quantity:
    """A gain, log10, as a factor, with the interval of its draws."""
    low, high = interval(draws)
    return Quantity(
        name=name,
        value=10**mean,
        low=10**low,
        high=10**high,
        unit="times",
        over="records",
        count=count,
    )


def verdict(found: Measurement) -> Verdict:
    kan, mlp = (found[NAME + model] for model in MODELS)
    paired, bounds, equal = found[PAIRED], found[BOUNDS + MODELS[0]], found[AHEAD]
    word: Word = "does not hold"
    if kan.low > 1:
        sure = paired.low > 1 and 2 * bounds.value <= kan.count and equal.low > 0
        word = "holds" if sure else "holds in part"
    return Verdict(
        word,
        f"For the error of a KAN the reference MLP needs {kan} as many numbers, for that of an MLP "
        f"with tanh {mlp}: {paired} between them. Of the {kan.count} cells of the KAN "
        f"{short(bounds.value)} are beyond the reference's ladder, and so bounds. Trained longer, "
        f"at equal numbers, the KAN is {equal} ahead on the formulas of the edition.",
    )


claim = Claim(
    id="C22",
    title="fewer parameters than an MLP",
    claim="KANs reach the error of MLPs with fewer parameters.",
    source="Liu et al. 2024, arXiv:2404.19756, abstract",
    cited=("liu2024kan",),
    setting="Formulas and a PDE, by L-BFGS; figures of error against parameters.",
    ours=(
        "The board efficiency, from the Records of the ledger: suite quick, 250 and 1 000 numbers; "
        "and formulas of the edition, 250 numbers. In part, where the difference to an MLP may be "
        "nothing on either, or most cells are bounds."
    ),
    measure=measure,
    verdict=verdict,
    quick=True,
)
