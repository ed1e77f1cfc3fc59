"""KANs need fewer parameters than MLPs."""

from collections.abc import Iterator

from kansci.api import rank
from kansci.claims import Claim, Measurement, Quantity, Verdict
from kansci.discover import home
from kansci.errors import UserError

MODELS = ("kan", "mlp-tanh")
NAME = "numbers of the reference MLP over those of "


def measure() -> Iterator[Quantity | str]:
    folder = home("leaderboards") / "records"
    rows = {row.model: row for row in rank("efficiency", folder)}
    for model in MODELS:
        row = rows.get(model)
        if row is None or row.score is None or row.low is None or row.high is None:
            raise UserError(f"want a score of {model} on the board efficiency, got none")
        value, low, high = (10**one for one in (row.score, row.low, row.high))
        yield Quantity(
            name=NAME + model,
            value=value,
            low=low,
            high=high,
            unit="times",
            over="records",
            count=row.tasks,
        )


def verdict(found: Measurement) -> Verdict:
    kan, mlp = (found[NAME + model] for model in MODELS)
    word = "holds" if kan.low > 1 else "does not hold"
    if word == "holds" and kan.low <= mlp.high:
        word = "holds in part"
    return Verdict(
        word,
        f"For the error of a KAN the reference MLP needs {kan} as many numbers, for that of an MLP "
        f"with tanh {mlp}.",
    )


claim = Claim(
    id="C22",
    title="fewer parameters than an MLP",
    claim="KANs reach the error of MLPs with fewer parameters.",
    source="Liu et al. 2024, arXiv:2404.19756, abstract",
    cited=("liu2024kan",),
    setting="Formulas and a PDE, by L-BFGS; figures of error against parameters.",
    ours=(
        "The board efficiency, from the Records of the ledger: suite quick, 250 and 1 000 numbers. "
        "In part, where another MLP saves as many to within the intervals."
    ),
    measure=measure,
    verdict=verdict,
    quick=True,
)
