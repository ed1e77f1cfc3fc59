"""The conformance suite: laws that every network keeps, and `check`, which examines one.

A law is a function of a `Subject` that yields findings; its docstring says what it holds.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator

from kansci.draws import Draws
from kansci.errors import DoesNotFit
from kansci.models import Model, trainable
from kansci.testing.counts import BUDGETS, counts, used
from kansci.testing.gradients import gradient, jets
from kansci.testing.members import members
from kansci.testing.numbers import dtypes, far
from kansci.testing.report import Report as Report
from kansci.testing.report import Status, Verdict
from kansci.testing.shapes import apartness, refusal, runs, shapes
from kansci.testing.smoothness import continuity, derivatives
from kansci.testing.states import saved, seeded
from kansci.testing.subject import DoesNotApply, Hint, Subject, said

Law = Callable[[Subject], Iterator[str]]
LAWS: dict[str, Law] = {
    "runs": runs,
    "shapes": shapes,
    "refusal": refusal,
    "points apart": apartness,
    "dtypes": dtypes,
    "far inputs": far,
    "gradient": gradient,
    "derivatives": derivatives,
    "continuous": continuity,
    "jets": jets,
    "members": members,
    "counts": counts,
    "used": used,
    "seeded": seeded,
    "saved": saved,
}


def check(
    model: Model, *, dim_in: int = 2, dim_out: int = 1, parameters: int | None = None
) -> Report:
    """Examines a model at one budget.

    Args:
        parameters: the budget; by default the smallest of 250, 1 000, 4 000 and 16 000 at which
            there is a network.

    Raises:
        DoesNotFit: if there is none within the budget.
    """
    with Draws("check"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what is only tried
        subject, numbers = _fitting(model, dim_in, dim_out, parameters)
        first, *rest = LAWS
        verdicts = [examine(subject, first)]
        for name in rest:
            if verdicts[0].status == "broken":
                verdicts.append(Verdict(name, "does not apply", "the network does not run"))
            else:
                verdicts.append(examine(subject, name))
    quirks = tuple(model.quirks)
    budget = subject.parameters
    return Report(model.name, dim_in, dim_out, budget, numbers, tuple(verdicts), quirks)


def _fitting(
    model: Model, dim_in: int, dim_out: int, parameters: int | None
) -> tuple[Subject, int]:
    """What is examined, and its trainable numbers; 0 where building fails: the first law says."""
    budgets = BUDGETS if parameters is None else (parameters,)
    refusals = []
    for budget in budgets:
        subject = Subject(model, dim_in, dim_out, budget)
        try:
            return subject, trainable(subject.built())
        except DoesNotFit as refusal:
            refusals.append(refusal)
        except Exception:
            return subject, 0
    raise refusals[-1]


def examine(subject: Subject, name: str) -> Verdict:
    """One law; whatever the network raises breaks it."""
    law = LAWS[name]
    try:
        findings = list(law(subject))
    except DoesNotApply as reason:
        return Verdict(name, "does not apply", str(reason))
    except Exception as error:
        return Verdict(name, "broken", f"{_about(law)} But it raised {said(error)}")
    broken = [one for one in findings if not isinstance(one, Hint)]
    status: Status = "broken" if broken else "holds"
    hints = [f"hint: {one}" for one in findings if isinstance(one, Hint)]
    return Verdict(name, status, ". ".join([*(broken or [_about(law)[:-1]]), *hints]) + ".")


def _about(law: Law) -> str:
    return (law.__doc__ or "").strip().splitlines()[0]
