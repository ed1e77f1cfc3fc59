"""Learning class by class a KAN forgets more than an MLP."""

from collections.abc import Iterator

from kansci.claims import Claim, Measurement, Quantity, Verdict
from kansci.claims.experiments import adam, trained
from kansci.claims.measurement import mean
from kansci.claims.rules import above, of_both
from kansci.claims.verdict import Word
from kansci.discover import get_model
from kansci.statistics import transfer
from kansci.statistics.stats import Floats

BUDGET, EVALUATIONS = 4_000, 240
PUBLISHED, KAN, MLP = "kan-published", "kan", "mlp-silu"
METHODS = {"naive": "trained on plainly", "replay": "with 20 images a stage replayed"}
SPENT = 0.05  # of accuracy on earlier classes: with less left, nothing more could be lost


def measure() -> Iterator[Quantity | str]:
    for method, how in METHODS.items():
        recipe = adam(EVALUATIONS, 1e-2, points=64, resample=1, method=method)
        gone: dict[str, Floats] = {}
        for model in (PUBLISHED, KAN, MLP):
            record = trained("digits_classes", get_model(model), recipe, budget=BUDGET)
            scores = transfer.scores(record)
            gone[model] = transfer.forgetting(scores)
            yield mean(f"learning of {model}, {how}", transfer.learning(scores), "of accuracy")
            yield mean(f"forgetting of {model}, {how}", gone[model], "of accuracy")
            yield mean(left_of(model, how), transfer.average(scores[:, :-1]), "of accuracy")
        for model in (PUBLISHED, KAN):
            yield mean(more_of(model, how), gone[model] - gone[MLP], "of accuracy")


def left_of(model: str, how: str) -> str:
    return f"accuracy at the end on earlier classes of {model}, {how}"


def more_of(model: str, how: str) -> str:
    return f"forgetting of {model} less that of {MLP}, {how}"


def verdict(found: Measurement) -> Verdict:
    words, said = list[Word](), list[str]()
    for how in METHODS.values():
        left = [found[left_of(model, how)] for model in (PUBLISHED, KAN, MLP)]
        theirs, ours = (found[more_of(model, how)] for model in (PUBLISHED, KAN))
        spent = max(one.value for one in left) < SPENT
        words.append("cannot be judged" if spent else of_both(above(theirs), above(ours)))
        said.append(
            f"{how}, all of them lose all that can be lost, so that none forgets more"
            if spent
            else f"{how}, the KAN as published forgets {theirs} more than the MLP and kansci's "
            f"form {ours}"
        )
    word, replayed = words
    if word == "cannot be judged" and replayed in ("holds", "holds in part"):
        word = "holds in part"
    text = "; ".join(said)
    return Verdict(word, f"{text[0].upper()}{text[1:]}.")


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
        "1e-2 by batches of 64, 240 steps a stage, five seeds. Plain training on decides. Where "
        "all earlier classes are lost by it, it tells nothing, and what is so with replay, which "
        "keeps something and was not claimed, is so in part."
    ),
    measure=measure,
    verdict=verdict,
)
