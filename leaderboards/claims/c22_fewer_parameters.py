"""KANs need fewer parameters than MLPs."""

from collections.abc import Iterator, Sequence

from kansci.api import frozen_reference
from kansci.claims import Claim, Measurement, Quantity, Verdict
from kansci.claims.edition import ahead, formulas
from kansci.claims.measurement import exactly, short
from kansci.claims.verdict import Word
from kansci.discover import home, load
from kansci.errors import UserError
from kansci.record import Record
from kansci.statistics.standing import standings
from kansci.statistics.stats import Floats, hierarchical_mean, interval, replicates
from kansci.submission.ledger import load_ledger

KAN, PUBLISHED, MLP = "kan", "kan-published", "mlp-tanh"
EDITION, QUICK = "edition", "quick"
NUMBERS = "numbers of the reference MLP over those of "
PAIRED = f"the same, of {KAN} over {MLP}"
BOUNDS = "cells that are bounds, of "
AHEAD = "decades of kan ahead of the reference MLP at equal numbers"


def measure() -> Iterator[Quantity | str]:
    yield from gains(formulas(), (KAN, PUBLISHED, MLP), EDITION)
    every = load_ledger(home("leaderboards") / "records")
    yield from gains([one for one in every if isinstance(one, Record)], (KAN, MLP), QUICK)
    yield ahead(AHEAD, KAN, "mlp-silu")


def gains(records: Sequence[Record], models: Sequence[str], where: str) -> Iterator[Quantity]:
    """What the board of efficiency says of some models."""
    board, reference = load(home("leaderboards") / "efficiency.py"), frozen_reference()
    found = {one.model: one for one in standings(records) if one.model in models}
    if reference is None or len(found) < len(models) or any(s.missing for s in found.values()):
        raise UserError(f"want all Records of {', '.join(models)} beside a frozen reference")
    cells, bounds = {}, {}
    for model in models:
        rated = [board.rate(record, reference) for record in found[model].scored]
        cells[model] = [one.cell(one.gains) for one in rated if one.gains is not None]
        bounds[model] = sum(one.clipped for one in rated)
    draws = {model: replicates(own) for model, own in cells.items()}  # (draw,), paired
    means = {model: hierarchical_mean(own) for model, own in cells.items()}
    for model in models:
        count = len(cells[model])
        yield times_fewer(f"{NUMBERS}{model}, {where}", means[model], draws[model], count)
    both = means[KAN] - means[MLP], draws[KAN] - draws[MLP], len(cells[KAN])
    yield times_fewer(f"{PAIRED}, {where}", *both)
    for model in models:
        yield exactly(f"{BOUNDS}{model}, {where}", bounds[model])


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
    kan, published, mlp = (found[f"{NUMBERS}{model}, {EDITION}"] for model in (KAN, PUBLISHED, MLP))
    briefly, paired = found[f"{NUMBERS}{KAN}, {QUICK}"], found[f"{PAIRED}, {EDITION}"]
    bounds, equal = found[f"{BOUNDS}{KAN}, {EDITION}"], found[AHEAD]
    word: Word = "does not hold"
    if max(kan.low, published.low, briefly.low) > 1:
        sure = min(kan.low, paired.low) > 1 and 2 * bounds.value <= kan.count and equal.low > 0
        word = "holds" if sure else "holds in part"
    return Verdict(
        word,
        f"On formulas, for the error of a KAN the reference MLP needs {kan} as many numbers, of a "
        f"KAN as published {published}, of an MLP with tanh {mlp}: {paired} between the first and "
        f"the last. Of the {kan.count} cells of the KAN {short(bounds.value)} are beyond the "
        f"reference's ladder, and so bounds. At equal numbers the KAN is {equal} ahead. Trained "
        f"for a twelfth of that, in suite quick, the MLP needs {briefly} as many numbers.",
    )


claim = Claim(
    id="C22",
    title="fewer parameters than an MLP",
    claim="KANs reach the error of MLPs with fewer parameters.",
    source="Liu et al. 2024, arXiv:2404.19756, abstract",
    cited=("liu2024kan",),
    setting="Formulas and a PDE, by L-BFGS; figures of error against parameters.",
    ours=(
        "The board efficiency, from Records: the formulas of the edition, 250 and 1 000 numbers, "
        "2 000 evaluations of Adam and 500 of L-BFGS; and suite quick, formulas, PDEs and tasks in "
        "stages, 120 to 200 evaluations of Adam. In part, where one of them says so, and not the "
        "edition of `kan` against both MLPs, or most of its cells are bounds."
    ),
    measure=measure,
    verdict=verdict,
    quick=True,
)
