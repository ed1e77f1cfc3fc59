"""At equal numbers KANs beat MLPs on formulas, and nowhere else."""

from collections.abc import Iterator

import numpy as np

from kansci.claims import Claim, Measurement, Quantity, Verdict
from kansci.claims.edition import ahead, edition
from kansci.claims.experiments import adam, final
from kansci.claims.measurement import mean
from kansci.claims.rules import above, below, of_both
from kansci.claims.verdict import together
from kansci.discover import get_model, get_task
from kansci.runner import run

KANS = ("kan-published", "kan")  # as its authors have it, then kansci's form
MLP = "mlp-silu"  # the reference of all boards; not the better of several on each
FORMULAS, IMAGES = "decades ahead on formulas, ", "accuracy ahead on images, "
BUDGET, EVALUATIONS, RATES = 4_000, 240, (3e-3, 1e-2)


def measure() -> Iterator[Quantity | str]:
    formulas = edition()
    for model in KANS:
        yield ahead(FORMULAS + model, formulas, model, MLP)
    best = {model: images(model) for model in (*KANS, MLP)}
    for model, shares in best.items():
        yield mean(f"accuracy of {model} on images", shares, "%")
    for model in KANS:
        yield mean(IMAGES + model, best[model] - best[MLP], "%")


def images(model: str) -> np.ndarray:
    """Accuracy on digits, all classes at once, `(seed,)`; the rate is tuned on others."""
    recipe = adam(EVALUATIONS, RATES[0], rates=RATES, points=64, resample=1, method="joint")
    record = run(get_task("digits_classes"), get_model(model), BUDGET, recipe)
    return 100 * (1 - final(record))


def verdict(found: Measurement) -> Verdict:
    formulas = [found[FORMULAS + model] for model in KANS]
    pictures = [found[IMAGES + model] for model in KANS]
    word = together([of_both(*map(above, formulas)), of_both(*map(below, pictures))])
    return Verdict(
        "holds in part" if word == "holds" else word,
        f"On formulas the KAN as published is {formulas[0]} ahead of the MLP and kansci's "
        f"{formulas[1]}; on images {pictures[0]} and {pictures[1]}. It holds in part at best, "
        "as tables, language and sound are not measured.",
    )


claim = Claim(
    id="C20",
    title="KANs win on formulas only",
    claim=(
        "At equal numbers or work KANs beat MLPs on symbolic formulas, and MLPs are ahead on "
        "tables, images, language and sound."
    ),
    source="Yu et al. 2024, arXiv:2407.16674",
    cited=("yu2024kanbefair",),
    setting=(
        "Adam, one seed; 500 epochs on formulas, 20 on images; hidden layers up to 16 for KANs and "
        "1 024 for MLPs."
    ),
    ours=(
        "Formulas: the Records of the edition, 250 and 1 000 numbers each; images: scikit-learn's "
        "8 x 8 digits, 4 000 numbers each, 1 200 batches of 64, one of two rates, five seeds. No "
        "tables, language or sound. The KAN as published decides; it is in part, where kansci's "
        "form contradicts it."
    ),
    measure=measure,
    verdict=verdict,
)
