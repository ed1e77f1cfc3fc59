"""Learning class by class a KAN forgets more than an MLP."""

from collections.abc import Iterator

from kansci.claims import Claim, Measurement, Quantity, Verdict
from kansci.claims.experiments import adam, trained
from kansci.claims.measurement import mean
from kansci.discover import get_model
from kansci.statistics import transfer

BUDGET, EVALUATIONS = 4_000, 240
MODELS = ("kan", "mlp-silu")
MORE = "forgetting of KAN less that of the MLP"


def measure() -> Iterator[Quantity | str]:
    recipe = adam(EVALUATIONS, 1e-2, points=64, resample=1)
    gone = {}
    for model in MODELS:
        record = trained("digits_classes", get_model(model), recipe, budget=BUDGET)
        scores = transfer.scores(record)
        gone[model] = transfer.forgetting(scores)
        yield mean(f"forgetting of {model}", gone[model], "of accuracy")
        yield mean(f"accuracy at the end of {model}", transfer.average(scores))
        yield mean(f"learning of {model}", transfer.learning(scores), "of accuracy")
    yield mean(MORE, gone["kan"] - gone["mlp-silu"], "of accuracy")


def verdict(found: Measurement) -> Verdict:
    kan, mlp = (found[f"forgetting of {model}"] for model in MODELS)
    return Verdict(
        "holds" if found[MORE].low > 0 else "does not hold",
        f"Of what was learned the KAN forgets {kan}, the MLP {mlp}: a difference of {found[MORE]}.",
    )


claim = Claim(
    id="C19",
    title="class by class, a KAN forgets more than an MLP",
    claim="In class-incremental learning KANs forget more than MLPs.",
    source="Yu et al. 2024, arXiv:2407.16674",
    cited=("yu2024kanbefair",),
    setting=(
        "MNIST, three classes at a time, one head, Adam, plain training on; KAN on [-1, 1], where "
        "much of the normalised input is not."
    ),
    ours=(
        "scikit-learn's 8 x 8 digits, two classes at a time, one head; 4 000 numbers each, Adam at "
        "1e-2 by batches of 64, 240 steps a stage, five seeds."
    ),
    measure=measure,
    verdict=verdict,
)
