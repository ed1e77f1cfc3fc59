"""The 2n + 1 hidden units of the theorem are not needed."""

from collections.abc import Iterator

from kansci.claims import Claim, Measurement, Quantity, Verdict
from kansci.claims.experiments import final, lbfgs, trained
from kansci.claims.measurement import geometric_mean, ratio
from kansci.claims.verdict import concluded, within
from kansci.discover import get_model

FUNCTIONS = {  # fewer hidden units, and as many as the theorem has
    "toy/exp_sine": ((2, 1, 1), (2, 5, 1)),
    "toy/product": ((2, 2, 1), (2, 5, 1)),
    "relukan/f4": ((2, 1, 1), (2, 5, 1)),
    "feynman/I.6.20": ((2, 2, 1), (2, 5, 1)),
}
EVALUATIONS = 400
BESIDE = 2.0  # times the error of the wide network: as good as that


def measure() -> Iterator[Quantity | str]:
    for task, shapes in FUNCTIONS.items():
        errors = [
            final(trained(task, get_model("kan", widths=widths), lbfgs(EVALUATIONS)))
            for widths in shapes
        ]
        few, many = ("-".join(map(str, widths)) for widths in shapes)
        yield geometric_mean(f"NRMSE of {few}, {task}", errors[0])
        yield geometric_mean(f"NRMSE of {many}, {task}", errors[1])
        yield ratio(f"fewer over 2n + 1, {task}", *errors)


def verdict(found: Measurement) -> Verdict:
    ratios = found.starting("fewer over 2n + 1")
    words = [within(one, BESIDE) for one in ratios]
    enough, short = (words.count(word) for word in ("holds", "does not hold"))
    least, most = (pick(ratios, key=lambda one: one.value) for pick in (min, max))
    return concluded(
        words,
        f"To a factor of {BESIDE:g}, fewer units are as good on {enough} of {len(words)} functions "
        f"and worse on {short}: errors are {least} to {most} those with 2n + 1.",
    )


claim = Claim(
    id="C8",
    title="2n + 1 hidden units are not needed",
    claim="In practice a KAN does with fewer hidden units than the 2n + 1 of the theorem.",
    source="Pham Huy Chau Long 2024, report on FasterKAN; an opinion without a measurement",
    cited=("pham2024report",),
    setting="None.",
    ours=(
        "Cubic KANs on 5 cells with few hidden units in one layer, and with 2n + 1: four functions "
        "of two inputs, 400 evaluations of L-BFGS in float64, five seeds."
    ),
    measure=measure,
    verdict=verdict,
)
