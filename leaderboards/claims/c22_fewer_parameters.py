"""KANs need fewer parameters than MLPs."""

from collections.abc import Iterator, Sequence
from typing import Any

from kansci.api import frozen_reference
from kansci.claims import Claim, Measurement, Quantity, Verdict
from kansci.claims.edition import ahead, complete, edition
from kansci.claims.measurement import exactly, short
from kansci.claims.rules import above, of_both
from kansci.claims.verdict import Word
from kansci.discover import home, load
from kansci.errors import UserError
from kansci.record import Record
from kansci.statistics.stats import Floats, hierarchical_mean, interval, replicates
from kansci.submission.ledger import load_ledger

PUBLISHED, KAN, MLP = "kan-published", "kan", "mlp-tanh"
KANS = (PUBLISHED, KAN)  # as its authors have it, then kansci's form
EDITION, QUICK = "edition", "quick"
NUMBERS = "numbers of the reference MLP over those of "
PAIRED = f"the same, over {MLP}, of "
OVER, UNDER = "cells above the reference's ladder, of ", "cells below the reference's ladder, of "
AHEAD = "decades ahead of the reference MLP at equal numbers, "


def measure() -> Iterator[Quantity | str]:
    formulas = edition()
    yield from gains(formulas, (*KANS, MLP), EDITION)
    every = load_ledger(home("leaderboards") / "records")
    yield from gains([one for one in every if isinstance(one, Record)], (KAN, MLP), QUICK)
    for model in KANS:
        yield ahead(AHEAD + model, formulas, model, "mlp-silu")


def gains(records: Sequence[Record], models: Sequence[str], where: str) -> Iterator[Quantity]:
    """What the board of efficiency says of some models."""
    board, reference = load(home("leaderboards") / "efficiency.py"), frozen_reference()
    if reference is None:
        raise UserError("want a frozen reference, got none")
    cells, sides = {}, {}
    for model, standing in complete(records, models).items():
        rated = [board.rate(record, reference) for record in standing.scored]
        known = [one for one in rated if one.gains is not None]
        cells[model] = [one.cell(one.gains) for one in known]
        sides[model] = [side(one, board.DIGITS) for one in known if one.clipped]
    draws = {model: replicates(own) for model, own in cells.items()}  # (draw,), paired
    means = {model: hierarchical_mean(own) for model, own in cells.items()}
    for model in models:
        count = len(cells[model])
        yield times_fewer(f"{NUMBERS}{model}, {where}", means[model], draws[model], count)
    for model in models[:-1]:
        both = means[model] - means[MLP], draws[model] - draws[MLP], len(cells[model])
        yield times_fewer(f"{PAIRED}{model}, {where}", *both)
    for model in models:
        yield exactly(f"{OVER}{model}, {where}", sides[model].count(1))
        yield exactly(f"{UNDER}{model}, {where}", sides[model].count(-1))


def side(rated: Any, digits: int) -> int:
    """Of a cell whose gain is a bound: 1 if the gain is at least so much, -1 if at most."""
    have, rungs = rated.reached.mean().round(digits), rated.ladder[:, 1].round(digits)
    if have > rungs[-1] or have < rungs[0]:
        return 1 if have > rungs[-1] else -1
    return 1 if rated.gains.mean() > 0 else -1


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


def judged(found: Measurement, model: str) -> Word:
    """Of one form: in part, where it needs fewer numbers than the reference MLP, and that is all.

    Cells above the ladder have a gain of at least what is counted, and so count for the form.
    """
    gain, below = (found[f"{one}{model}, {EDITION}"] for one in (NUMBERS, UNDER))
    words = [above(gain, 1), above(found[f"{PAIRED}{model}, {EDITION}"], 1)]
    words.append(above(found[AHEAD + model]))
    if words[0] != "holds":
        return words[0]
    return "holds" if {*words} == {"holds"} and 2 * below.value <= gain.count else "holds in part"


def verdict(found: Measurement) -> Verdict:
    brief, tanh = found[f"{NUMBERS}{KAN}, {QUICK}"], found[f"{NUMBERS}{MLP}, {EDITION}"]
    said = []
    for model, name in zip(KANS, ("KAN as published", "form of kansci"), strict=True):
        gain, paired, over, under = (
            found[f"{one}{model}, {EDITION}"] for one in (NUMBERS, PAIRED, OVER, UNDER)
        )
        said.append(
            f"For the error of the {name} the reference MLP needs {gain} as many numbers, "
            f"{paired} those for an MLP with tanh; at equal numbers it is {found[AHEAD + model]} "
            f"ahead. Of {gain.count} cells {short(over.value)} lie above the reference's ladder, "
            f"where it would need more, and {short(under.value)} below."
        )
    return Verdict(
        of_both(*(judged(found, model) for model in KANS)),
        f"On formulas. {' '.join(said)} For the error of an MLP with tanh it needs {tanh}. Trained "
        f"for a twelfth of that, in suite quick, it needs {brief} for the form of kansci.",
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
        "stages, 120 to 200 evaluations of Adam. A form holds if it needs fewer numbers than the "
        "MLPs with SiLU and with tanh, is ahead of the first at equal numbers, and no more than "
        "half of its cells lie below the ladder, where a gain is at most what is counted; in part, "
        "if it needs fewer than the first. The KAN as published decides; it is in part, where "
        "kansci's form contradicts it."
    ),
    measure=measure,
    verdict=verdict,
    quick=True,
)
