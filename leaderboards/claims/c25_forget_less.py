"""KANs forget less than MLPs."""

from collections.abc import Iterator

from kansci.claims import Claim, Measurement, Quantity, Verdict
from kansci.claims.edition import complete, edition, more
from kansci.claims.rules import above, of_both
from kansci.claims.verdict import together
from kansci.record import Record
from kansci.statistics.forgetting import earlier, keeps_its_truth, learned_before, lost
from kansci.statistics.standing import Standing
from kansci.statistics.stats import Floats, hierarchical_mean, interval, replicates

KANS, MLPS = ("kan-published", "kan"), ("mlp-silu", "mlp-tanh")
SHARE = "share lost of what was learned, "


def measure() -> Iterator[Quantity | str]:
    every = (one for one in edition("continual") if keeps_its_truth(one))
    records = [one for one in every if len(one.stages) > 1 and one.recipe.method == "naive"]
    found = complete(records, (*KANS, *MLPS))
    for model in (*KANS, *MLPS):
        yield share(found[model])
    for model in KANS:
        for other in MLPS:
            cells = (found[one].cells(left) for one in (model, other))
            yield more(kept(model, other), *cells)


def left(record: Record) -> Floats:
    """Decades at the end on the stages but the last, mean over them, `(member,)`."""
    _, end = earlier(record)
    return end.mean(0)


def share(standing: Standing) -> Quantity:
    """Decades lost over decades learned of the stages but the last: a ratio of means."""
    gone, had = (standing.cells(one) for one in (lost, learned_before))
    low, high = interval(replicates(gone) / replicates(had))
    return Quantity(
        name=SHARE + standing.model,
        value=hierarchical_mean(gone) / hierarchical_mean(had),
        low=low,
        high=high,
        over="tasks",
        count=len({cell.unit for cell in gone}),
    )


def kept(model: str, other: str) -> str:
    return f"decades of earlier stages that {model} has left more than {other}"


def verdict(found: Measurement) -> Verdict:
    rows = {model: [found[kept(model, other)] for other in MLPS] for model in KANS}
    words = [together(map(above, row)) for row in rows.values()]
    shares = ", ".join(f"{found[SHARE + model]} ({model})" for model in (*KANS, *MLPS))
    said = [f"{silu} and {tanh}" for silu, tanh in rows.values()]
    tie = " It is a tie: intervals have 0 inside." * (words[0] == "cannot be judged")
    return Verdict(
        of_both(*words),
        f"The KAN as published has {said[0]} more left of earlier stages than the MLPs with SiLU "
        f"and tanh, kansci's form {said[1]}.{tie} Of what they learned, they lose {shares}.",
    )


claim = Claim(
    id="C25",
    title="KANs forget less than MLPs",
    claim="As splines are local and activations of MLPs are not, KANs forget less than MLPs.",
    source="Liu et al. 2024, arXiv:2404.19756, section 3.5; five bumps on a line, a figure only",
    cited=("liu2024kan",),
    setting="Five bumps on a line, one after another; shape and numbers of the MLP not stated.",
    ours=(
        "The Records of the edition: ten tasks in stages, bumps on a line and in the plane, a "
        "window that drifts, formulas slab by slab; 250 and 1 000 numbers each, trained on "
        "plainly. Who learns more can lose more, so judged is what is left: decades at the end on "
        "the stages before the last. The KAN as published decides; it is in part, where kansci's "
        "form contradicts it. Both have a base branch, unlike the KAN of C12 that keeps all."
    ),
    measure=measure,
    verdict=verdict,
    quick=True,
)
